"""Evidence for the perceptron, (1.22) to (1.26)."""

from __future__ import annotations

import numpy as np

from refvae import trees
from refvae.check.identity import along
from refvae.check.numeric import line_terms
from refvae.derivations.layers.common import network
from refvae.evidence import Ledger, gap, holds, spoiled, z_score
from refvae.layers import Dense, dense, mlp, mlp_grad, mlp_init, relu, sigmoid, softplus, tanh

ledger = Ledger()


@ledger.add("1.22", "identity", mlp, exact=True, wrong={
    "activation on the output too": lambda p, x: tanh(mlp(p, x)[0]),
    "logistic for tanh": lambda p, x: mlp(p, x, sigmoid),
    "biases dropped": lambda p, x: mlp(tuple(Dense(layer.W, 0 * layer.b) for layer in p), x)})
def one_row_at_a_time(mlp, rng):
    """One row at a time, one unit at a time, in plain loops."""
    p, x = network(rng, 6, 5, 4, 3), rng.standard_normal((7, 6))
    rows = []
    for h in x:
        for i, layer in enumerate(p):
            a = [sum(h[c] * layer.W[c, j] for c in range(len(h))) + layer.b[j] for j in range(len(layer.b))]
            h = a if i == 2 else [np.tanh(value) for value in a]
        rows.append(h)
    return gap(mlp(p, x)[0], np.array(rows))


@ledger.add("1.22", "law", mlp, exact=True, wrong={
    "activation on the output too": lambda p, x, phi: tanh(mlp(p, x, phi)[0]),
    "a layer left out": lambda p, x, phi: mlp((Dense(p[0].W @ p[1].W, p[1].b), p[2]), x, phi),
    "the activation ignored": lambda p, x, phi: mlp(p, x)})
def affine_without_curvature(mlp, rng):
    """With the identity for activation it is the affine map with the product of the matrices."""
    p, x = network(rng, 6, 5, 4, 3), rng.standard_normal((7, 6))
    bias = (p[0].b @ p[1].W + p[1].b) @ p[2].W + p[2].b
    return gap(mlp(p, x, lambda a: (a, None))[0], x @ p[0].W @ p[1].W @ p[2].W + bias)


@ledger.add("1.22", "law", mlp, bound=0, wrong={
    "never frozen": lambda p, x, frozen=False: mlp(p, x),
    "always frozen": lambda p, x, frozen=True: mlp(p, x, frozen=True)})
def frozen_input(mlp, rng):
    """A frozen input has no cotangent and changes no bit of the others, with one layer and with three."""
    cases = []
    for sizes in ((6, 3), (6, 5, 4, 3)):
        p, x, dy = network(rng, *sizes), rng.standard_normal((7, 6)), rng.standard_normal((7, 3))
        (dp, dx), (frozen_dp, frozen_dx) = mlp(p, x)[1](dy), mlp(p, x, frozen=True)[1](dy)
        same = [(a == b).all() for a, b in zip(trees.leaves(frozen_dp), trees.leaves(dp), strict=True)]
        cases += [np.shape(dx) == (7, 6), frozen_dx is None, *same]
    return holds(cases)


@ledger.add("1.22", "law", mlp, bound=0, wrong={
    "never fixed": lambda p, x, fixed=False: mlp(p, x),
    "always fixed": lambda p, x, fixed=True: mlp(p, x, fixed=True)})
def fixed_parameters(mlp, rng):
    """Fixed parameters have no cotangent and change no bit of that of x, with one layer and with three."""
    cases = []
    for sizes in ((6, 3), (6, 5, 4, 3)):
        p, x, dy = network(rng, *sizes), rng.standard_normal((7, 6)), rng.standard_normal((7, 3))
        (dp, dx), (fixed_dp, fixed_dx) = mlp(p, x)[1](dy), mlp(p, x, fixed=True)[1](dy)
        cases += [len(trees.leaves(dp)) == 2 * len(p), fixed_dp is None, (fixed_dx == dx).all()]
    return holds(np.array(cases))


def field_args(*sizes):
    """A network with one output, and points."""
    return lambda rng: (network(rng, *sizes), rng.standard_normal((7, sizes[0])))


FIELD_VALUES = {"of the mean, not the sum": lambda p, x, phi=tanh: (mlp_grad(p, x, phi)[0] / len(x), None),
                "first activation's slope left out": lambda p, x, phi=tanh: (
                    mlp_grad(p[1:], phi(x @ p[0].W + p[0].b)[0], phi)[0] @ p[0].W.T, None),
                "sign, as of an energy": lambda p, x, phi=tanh: (-mlp_grad(p, x, phi)[0], None)}


@ledger.add("1.23", "identity", mlp_grad, exact=True, wrong={
    **FIELD_VALUES, "tanh for every activation": lambda p, x, phi: mlp_grad(p, x),
    "half of ReLU's slopes": lambda p, x, phi: (mlp_grad(p, x, phi)[0] * (0.25 if phi is relu else 1), None)})
def complex_step_of_the_field(mlp_grad, rng):
    """Complex step of E through `mlp`, in every coordinate of three rows, with each of the four activations."""
    p, x = field_args(6, 5, 4, 2)(rng)
    x, got, want = x[:3], [], []
    for phi in (tanh, softplus, sigmoid, relu):
        steps = [along(lambda at, phi=phi: mlp(p, at, phi)[0].sum(1), x, unit) for unit in np.eye(6)]
        got.append(mlp_grad(p, x, phi)[0])
        want.append(np.column_stack(steps))
    return gap(tuple(got), tuple(want))


@ledger.add("1.23", "identity", mlp_grad, exact=True, wrong=FIELD_VALUES)
def pull_of_ones(mlp_grad, rng):
    """The cotangent of x that the pull of `mlp` gives for ones, with tanh and with softplus."""
    p, x = field_args(6, 5, 4, 2)(rng)
    want = tuple(mlp(p, x, phi)[1](np.ones((7, 2)))[1] for phi in (tanh, softplus))
    return gap(tuple(mlp_grad(p, x, phi)[0] for phi in (tanh, softplus)), want)


@ledger.add("1.23", "limit", mlp_grad, bound=1e-12, wrong={
    **{key: FIELD_VALUES[key] for key in FIELD_VALUES if "slope" not in key},
    "one row for all": lambda p, x: (mlp_grad(p, x)[0][0], None)})
def of_one_map(mlp_grad, rng):
    """Of one affine map every row of s is the sum of the columns of W."""
    p, x = field_args(6, 2)(rng)
    return gap(mlp_grad(p, x)[0], np.tile(p[0].W.sum(1), (7, 1)))


@ledger.add("1.23", "law", mlp_grad, wrong={key: FIELD_VALUES[key] for key in FIELD_VALUES if "mean" not in key})
def difference_of_potentials(mlp_grad, rng):
    """The line integral of s is the difference of the values of E."""
    p, x = field_args(6, 5, 4, 2)(rng)
    v = 0.3 * rng.standard_normal(6)
    total = line_terms(lambda at: mlp_grad(p, at[None])[0][0], x[0], v).sum()
    return gap(total, (mlp(p, x[:1] + v)[0] - mlp(p, x[:1])[0]).sum())


def forgets(term):
    """mlp_grad (one hidden layer, tanh) whose pull forgets a term of (1.24)."""
    def wrong(p, x):
        s, _ = mlp_grad(p, x)
        a = x @ p[0].W + p[0].b
        slope, curve, top = 1 - np.tanh(a) ** 2, -2 * np.tanh(a) * (1 - np.tanh(a) ** 2), p[1].W.sum(1)

        def pull(ds):
            a_dot = ds @ p[0].W
            da_dot = (term != "curvature") * top * curve * a_dot
            W = (term != "tangent of the input") * ds.T @ (top * slope) + x.T @ da_dot
            h_dot = a_dot * (slope if term != "slope" else 1)
            last = Dense(h_dot.T @ np.ones((len(x), p[1].W.shape[1])), 0 * p[1].b)
            return (Dense(W, da_dot.sum(0)), last), (0.5 if term == "half" else 1) * da_dot @ p[0].W.T

        return s, pull

    return wrong


SECOND_ORDER = {"curvature (phi'') dropped": forgets("curvature"),
                "tangent of the input dropped": forgets("tangent of the input"),
                "slope of the last layer dropped": forgets("slope"),
                "Hessian halved": forgets("half")}
ledger.adjoint("1.24", mlp_grad, field_args(6, 5, 2), zero=("p[1].b",), wrong=SECOND_ORDER)
ledger.adjoint("1.24", mlp_grad, field_args(6, 2), zero=("p[0].b", "x"), name="one layer", wrong={
    "W doubled": spoiled(mlp_grad, lambda d: ((Dense(2 * d[0][0].W, d[0][0].b),), d[1])),
    "no array for 0": spoiled(mlp_grad, lambda d: (d[0], 0))})
for activation in (softplus, sigmoid):
    ledger.adjoint("1.24", (lambda phi: lambda p, x: mlp_grad(p, x, phi))(activation), field_args(6, 5, 4, 3, 1),
                   name=activation.__name__, zero=("p[3].b",), wrong={
                       "the pull of tanh's field": (lambda phi: lambda p, x: (
                           mlp_grad(p, x, phi)[0], mlp_grad(p, x, tanh)[1]))(activation),
                       "first hidden layer without tangent": (lambda phi: spoiled(
                           lambda p, x: mlp_grad(p, x, phi), lambda d: (
                               (d[0][0]._replace(b=0 * d[0][0].b), *d[0][1:]), d[1])))(activation)})


@ledger.add("1.24", "identity", mlp_grad, exact=True, wrong=SECOND_ORDER)
def complex_step_of_first_order(mlp_grad, rng):
    """The other route: complex step, along ds, of the first-order gradient that the pull of `mlp` gives."""
    p, x = field_args(6, 5, 2)(rng)
    ds = rng.standard_normal(x.shape)
    flat = lambda found: np.concatenate([np.ravel(leaf) for leaf in trees.leaves(found)])
    return gap(flat(mlp_grad(p, x)[1](ds)), along(lambda at: flat(mlp(p, at)[1](np.ones((7, 2)))), x, ds))


def written(change):
    """mlp_grad with a frozen input, what its pull leaves in `out` being changed."""
    def pull(p, x, ds, out):
        mlp_grad(p, x, frozen=True)[1](ds, out=out)
        change(out)

    return lambda p, x, frozen=False: (None, (lambda ds, out: pull(p, x, ds, out)) if frozen else mlp_grad(p, x)[1])


@ledger.add("1.24", "law", mlp_grad, wrong={
    "first bias left": written(lambda out: out[0].b.fill(0)),
    "weights of the middle doubled": written(lambda out: np.multiply(2, out[1].W, out=out[1].W))})
def written_into_buffers(mlp_grad, rng):
    """With a frozen input pull(ds, out=...) leaves in the arrays of `out` what pull(ds) gives."""
    p, x = field_args(6, 5, 4, 2)(rng)
    ds, out = rng.standard_normal(x.shape), trees.map(np.ones_like, p)
    mlp_grad(p, x, frozen=True)[1](ds, out=out)
    return gap(out, mlp_grad(p, x)[1](ds)[0])


@ledger.add("1.24", "law", mlp_grad, exact=True, wrong={
    "coordinates weighted": spoiled(mlp_grad, lambda d: (d[0], d[1] * np.arange(1, 7))),
    "coordinates rolled": spoiled(mlp_grad, lambda d: (d[0], np.roll(d[1], 1, 1)))})
def symmetric_hessian(mlp_grad, rng):
    """<u, H v> = <v, H u> for the Hessian that the pull applies."""
    p, x = field_args(6, 5, 2)(rng)
    u, v = rng.standard_normal((2, *x.shape))
    pull = mlp_grad(p, x)[1]
    return gap((u * pull(v)[1]).sum(), (v * pull(u)[1]).sum())


@ledger.add("1.25", "law", relu, bound=0, wrong={"tanh": tanh, "softplus": softplus, "logistic": sigmoid})
def flat_hessian(phi, rng):
    """With ReLU the Hessian applied to a direction is exactly 0."""
    p, x = field_args(6, 5, 4, 2)(rng)
    return holds(mlp_grad(p, x, phi)[1](rng.standard_normal(x.shape))[1] == 0)


@ledger.add("1.25", "limit", relu, bound=1e-12, exact=True, wrong={"tanh": tanh, "softplus": softplus})
def same_slope_nearby(phi, rng):
    """The score at a point 1e-6 away is the same: it is constant on the pieces."""
    p, x = field_args(6, 5, 4, 2)(rng)
    return gap(mlp_grad(p, x + 1e-6 * rng.standard_normal(x.shape), phi)[0], mlp_grad(p, x, phi)[0])


@ledger.add("1.25", "identity", relu, exact=True, wrong={"tanh": tanh, "softplus": softplus})
def without_curvature(phi, rng):
    """One hidden layer: the pull is (1.24) without the term with phi'', written out."""
    p, x = field_args(6, 5, 2)(rng)
    ds, slope, top = rng.standard_normal(x.shape), phi(x @ p[0].W + p[0].b)[1](np.ones((7, 5))), p[1].W.sum(1)
    first = Dense(ds.T @ (top * slope), 0 * p[0].b)
    last = Dense(((ds @ p[0].W) * slope).T @ np.ones((7, 2)), 0 * p[1].b)
    return gap(mlp_grad(p, x, phi)[1](ds), ((first, last), 0 * x))


def rescaled(factor):
    """mlp_init with every W (d, h) multiplied by factor(d, h)."""
    return lambda sizes, rng: tuple(Dense(W * factor(*W.shape), b) for W, b in mlp_init(sizes, rng))


INIT_WRONG = {"variance 1": rescaled(lambda d, h: np.sqrt(d)), "variance 1/h": rescaled(lambda d, h: np.sqrt(d / h)),
              "standard deviation 1/d": rescaled(lambda d, h: 1 / np.sqrt(d))}


def columns_first(sizes, rng):
    """Every W filled column by column."""
    p, rng = mlp_init(sizes, rng), np.random.default_rng(rng)
    return tuple(Dense(rng.standard_normal(layer.W.T.shape).T / np.sqrt(len(layer.W)), layer.b) for layer in p)


@ledger.add("1.26", "montecarlo", mlp_init, wrong=INIT_WRONG)
def second_moment(mlp_init, rng):
    """The mean of y^2 over 20000 units for one fixed row of length 7."""
    x = np.linspace(-1, 2, 7)[None]
    y = dense(mlp_init((7, 20000), rng)[0], x)[0]
    return z_score(y[0] ** 2, float((x * x).mean()))


@ledger.add("1.26", "identity", mlp_init, wrong=INIT_WRONG | {"column by column": columns_first})
def same_stream(mlp_init, rng):
    """W sqrt(d) is the stream of standard normals of the generator, layer after layer, and b is 0."""
    p, stream = mlp_init((7, 6, 3), 5), np.random.default_rng(5)
    want = tuple(Dense(stream.standard_normal((d, h)), np.zeros(h)) for d, h in ((7, 6), (6, 3)))
    return gap(tuple(Dense(layer.W * np.sqrt(len(layer.W)), layer.b) for layer in p), want)
