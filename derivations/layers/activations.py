"""Evidence for activations, (1.5) to (1.11)."""

from __future__ import annotations

import numpy as np
from scipy import special

from refvae.derivations.layers.common import one, slope, times
from refvae.evidence import Ledger, entrywise, gap, holds
from refvae.layers import (
    DERIVATIVE,
    relu,
    sigmoid,
    sigmoid_prime,
    softplus,
    step,
    tanh,
    tanh_prime,
)

ledger = Ledger()


@ledger.add("1.5", "identity", tanh, exact=True, wrong={"logistic": sigmoid, "argument doubled": lambda x: tanh(2 * x),
                                            "derivative 1 - y": slope(tanh, lambda y, x: 1 - y)})
def exponentials(tanh, rng):
    """Value and derivative from exponentials: (e^x - e^-x) / (e^x + e^-x) and 4 / (e^x + e^-x)^2."""
    x = rng.uniform(-3, 3, (7, 6))
    y, pull = tanh(x)
    total = np.exp(x) + np.exp(-x)
    return gap((y, pull(np.ones_like(x))), ((np.exp(x) - np.exp(-x)) / total, 4 / total**2))


ledger.adjoint("1.5", tanh, one(7, 6), wrong={"derivative 1 - y": slope(tanh, lambda y, x: 1 - y),
                                              "derivative 1 + y^2": slope(tanh, lambda y, x: 1 + y * y),
                                              "derivative 1": slope(tanh, lambda y, x: 1 + 0 * y)})


@ledger.add("1.5", "limit", tanh, bound=1e-12, wrong={
    "1 - y^2, which cancels": slope(tanh, lambda y, x: 1 - y * y),
    "value clipped at +-0.9999": lambda x: (np.clip(np.tanh(x), -0.9999, 0.9999), tanh(x)[1]),
    "e = exp(-2 x) on both sides": lambda x: (np.tanh(x), lambda dy: dy * 4 * np.exp(-2 * x) / (
        1 + np.exp(-2 * x)) ** 2)})
def tails(tanh, rng):
    """At +-20, +-40, +-300 the value is +-1, exp(2|x|) times the derivative 4 / (1 + exp(-2|x|))^2; 0 at +-800."""
    x = np.array([-300.0, -40.0, -20.0, 20.0, 40.0, 300.0])
    y, pull = tanh(x)
    scaled, none = pull(np.ones(6)) * np.exp(2 * np.abs(x)), tanh(np.array([-800.0, 800.0]))[1](np.ones(2))
    return entrywise(np.r_[y, scaled, 1 + none], np.r_[np.sign(x), 4 / (1 + np.exp(-2 * np.abs(x))) ** 2, 1, 1])


@ledger.add("1.6", "identity", sigmoid, exact=True, wrong={"tanh": tanh, "sign of x": lambda x: sigmoid(-x)})
def definition(sigmoid, rng):
    """1 / (1 + e^-x) where that is safe."""
    x = rng.uniform(-30, 30, (7, 6))
    return entrywise(sigmoid(x)[0], 1 / (1 + np.exp(-x)))


SIGMOID_WRONG = {"(1 + tanh(x/2)) / 2, which loses the tail": lambda x: ((1 + np.tanh(x / 2)) / 2, None),
                 "clipped at +-30": lambda x: sigmoid(np.clip(x, -30, 30))}


@ledger.add("1.6", "oracle", sigmoid, bound=1e-13, wrong=SIGMOID_WRONG)
def expit(sigmoid, rng):
    """scipy.special.expit from -700 to 700, entry by entry: the tail keeps its relative precision."""
    x = np.linspace(-700, 700, 1401)
    return entrywise(sigmoid(x)[0], special.expit(x))


@ledger.add("1.6", "limit", sigmoid, bound=0, wrong={
    **SIGMOID_WRONG, "1 / (1 + exp(-x)), which overflows": lambda x: (1 / (1 + np.exp(-x)), None)})
def far_tail(sigmoid, rng):
    """At -740 it is exp(-740), a subnormal number, and at 740 it is 1."""
    return holds(sigmoid(np.array([-740.0, 740.0]))[0] == [np.exp(-740.0), 1])


ledger.adjoint("1.7", sigmoid, one(7, 6, scale=3), wrong={
    "derivative y": slope(sigmoid, lambda y, x: y), "derivative 1 - y": slope(sigmoid, lambda y, x: 1 - y),
    "derivative y(1 + y)": slope(sigmoid, lambda y, x: y * (1 + y))})


@ledger.add("1.7", "limit", sigmoid, bound=1e-12, wrong={
    "y(1 - y), which is 0 where y rounds to 1": slope(sigmoid, lambda y, x: y * (1 - y)),
    "0 at 0": slope(sigmoid, lambda y, x: (x != 0) * np.exp(-np.abs(x)) / (1 + np.exp(-np.abs(x))) ** 2)})
def both_tails(sigmoid, rng):
    """exp(|x|) times the derivative is 1/4 at 0 and tends to 1 on both sides: at |x| = 40 it is 1 to round-off."""
    x = np.array([-700.0, -40.0, 0.0, 40.0, 700.0])
    return entrywise(sigmoid(x)[1](np.ones(5)) * np.exp(np.abs(x)), np.array([1, 1, 0.25, 1, 1]))


@ledger.add("1.8", "identity", softplus, exact=True, wrong={
    "ReLU": relu, "base 2": lambda x: (np.log2(1 + np.exp(x)), None)})
def plain_softplus(softplus, rng):
    """log(1 + e^x) where that is safe."""
    x = rng.uniform(-3, 30, (7, 6))
    return entrywise(softplus(x)[0], np.log(1 + np.exp(x)))


@ledger.add("1.8", "oracle", softplus, bound=1e-13, wrong={
    "log(1 + exp(x)), which overflows": lambda x: (np.log(1 + np.exp(x)), None),
    "log(1 + exp(-|x|)), without max(x, 0)": lambda x: (np.log1p(np.exp(-np.abs(x))), None)})
def logaddexp(softplus, rng):
    """numpy.logaddexp(0, x) from -700 to 800."""
    x = np.linspace(-700, 800, 1501)
    return entrywise(softplus(x)[0], np.logaddexp(0, x))


@ledger.add("1.8", "limit", softplus, bound=0, wrong={
    "log(1 + exp(x)), which overflows": lambda x: (np.log(1 + np.exp(x)), None),
    "clipped at +-700": lambda x: softplus(np.clip(x, -700, 700))})
def ends(softplus, rng):
    """At -inf it is 0, at 800 and inf it is x."""
    x = np.array([-np.inf, 800.0, np.inf])
    return holds(softplus(x)[0] == [0, 800, np.inf])


SOFTPLUS_WRONG = {"derivative of ReLU": slope(softplus, lambda y, x: x > 0),
                  "derivative tanh": slope(softplus, lambda y, x: np.tanh(x)),
                  "derivative at -x": slope(softplus, lambda y, x: sigmoid(-x)[0])}
ledger.adjoint("1.9", softplus, one(7, 6, scale=3), wrong=SOFTPLUS_WRONG)


@ledger.add("1.9", "identity", softplus, exact=True, wrong={
    **SOFTPLUS_WRONG, "derivative 0 at 0": slope(softplus, lambda y, x: (x != 0) / (1 + np.exp(-x)))})
def logistic_slope(softplus, rng):
    """The derivative is 1 / (1 + e^-x), and zeta(x) - zeta(-x) = x, at 0 too."""
    x = rng.uniform(-30, 30, 13)
    x = np.append(x, 0 * x[0])
    y, pull = softplus(x)
    return gap((pull(np.ones_like(x)), y - softplus(-x)[0]), (1 / (1 + np.exp(-x)), x))


@ledger.add("1.9", "oracle", softplus, bound=1e-13, wrong={
    "1 - expit(-x), which cancels": slope(softplus, lambda y, x: 1 - special.expit(-x)),
    "1 - exp(-y), which cancels": slope(softplus, lambda y, x: 1 - np.exp(-y))})
def expit_slope(softplus, rng):
    """scipy.special.expit from -700 to 700, entry by entry: the derivative keeps its relative precision."""
    x = np.linspace(-700, 700, 1401)
    return entrywise(softplus(x)[1](np.ones_like(x)), special.expit(x))


SMALLEST = np.nextafter(0, 1)
RELU_WRONG = {"derivative 1 at 0": slope(relu, lambda y, x: x >= 0),
              "derivative ½ at 0": slope(relu, lambda y, x: (x > 0) + 0.5 * (x == 0)),
              "derivative 1 everywhere": slope(relu, lambda y, x: 1 + 0 * x)}


@ledger.add("1.10", "law", relu, bound=0, wrong={
    **RELU_WRONG, "leaky": lambda x: (np.where(x > 0, x, 0.01 * x), relu(x)[1]),
    "0 up to 1e-310": lambda x: (x * (x > 1e-310), lambda dy: dy * (x > 1e-310))})
def positive_part(relu, rng):
    """Value and derivative exactly, next to 0 and at -inf too, with the convention 0 at the kink, at 0 and -0."""
    x = np.array([-np.inf, -2.0, -SMALLEST, -0.0, 0.0, SMALLEST, 3.0])
    y, pull = relu(x)
    return holds([y == [0, 0, 0, 0, 0, SMALLEST, 3], pull(np.full(7, 5.0)) == [0, 0, 0, 0, 0, 5, 5]])


ledger.adjoint("1.10", relu, one(7, 6), wrong={"derivative 1 everywhere": RELU_WRONG["derivative 1 everywhere"],
                                               "derivative of -ReLU(-x)": slope(relu, lambda y, x: x < 0)})

for prime, curved in ((tanh_prime, lambda y, x: -2 * np.tanh(x)), (sigmoid_prime, lambda y, x: -np.tanh(x / 2))):
    ledger.adjoint("1.11", prime, one(7, 6), name=prime.__name__, wrong={
        "a factor lost": slope(prime, curved), "zero": times(prime, 0), "sign": times(prime, -1)})


@ledger.add("1.11", "identity", DERIVATIVE, exact=True, wrong={
    "tanh for tanh'": {**DERIVATIVE, tanh: tanh}, "logistic for its derivative": {**DERIVATIVE, sigmoid: sigmoid},
    "step at the other side": {**DERIVATIVE, relu: lambda x: step(-x)},
    "half a step": {**DERIVATIVE, relu: lambda x: (step(x)[0] / 2, None)},
    "logistic's for softplus": {**DERIVATIVE, softplus: sigmoid_prime}})
def values_are_slopes(primes, rng):
    """In the table that `mlp_grad` uses, the value of each derivative layer is the pull of ones of its activation."""
    x = rng.uniform(-5, 5, (7, 6))
    got = tuple(primes[activation](x)[0] for activation in (tanh, sigmoid, relu, softplus))
    return gap(got, tuple(activation(x)[1](np.ones_like(x)) for activation in (tanh, sigmoid, relu, softplus)))


@ledger.add("1.11", "limit", (tanh_prime, sigmoid_prime), bound=1e-12, wrong={
    "1 - tanh^2, which cancels": (lambda x: (1 - np.tanh(x) ** 2, tanh_prime(x)[1]), sigmoid_prime),
    "y(1 - y), which cancels": (tanh_prime, lambda x: (special.expit(x) * (1 - special.expit(x)), sigmoid_prime(x)[1])),
    "1 - 2 y left out": (tanh_prime, slope(sigmoid_prime, lambda y, x: y))})
def tails_of_the_primes(primes, rng):
    """At +-40 and +-300, times exp(2|x|) and exp(|x|): tanh' 4, tanh'' -+8, logistic' 1, logistic'' -+1, each."""
    x, got = np.array([-300.0, -40.0, 40.0, 300.0]), []
    for prime, scale in zip(primes, (np.exp(2 * np.abs(x)), np.exp(np.abs(x))), strict=True):
        y, pull = prime(x)
        got += [y * scale, pull(np.ones(4)) * scale]
    return entrywise(np.array(got), np.array([np.full(4, 4), -8 * np.sign(x), np.ones(4), -np.sign(x)]))


@ledger.add("1.11", "law", step, bound=0, wrong={"convention 1 at 0": lambda x: ((x.real >= 0) + 0 * x, step(x)[1]),
                                                 "pull of ones": lambda x: (step(x)[0], lambda dy: dy)})
def flat_step(step, rng):
    """Off the kink the step is locally constant: value 0 or 1, a float, at 0 the convention, and pull exactly 0."""
    x = np.array([-1.0, 0.0, 2.0])
    y, pull = step(x)
    return holds([y == [0, 0, 1], pull(np.array([3.0, 4.0, 5.0])) == 0, np.full(3, y.dtype == x.dtype)])
