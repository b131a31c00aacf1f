"""Mutation by equation: every tagged line is altered as people mistype formulas, and its evidence must fail.

operators  what may stand for a piece of an expression by mistake
lines      the mutants of a line
fresh      a process in which a module holds other code, as if its file had been edited
execution  which lines a piece of evidence runs
trial      the mutants of a tagged line against its evidence
checker    the mutants of the checker against its tests
allowed    the mutants that may survive, since they compute the same
"""
