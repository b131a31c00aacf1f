"""Layers as strangers write them, in plain NumPy: each right and with its wrong versions, proved and refuted.

A layer takes the number of its mistake, 0 for none, and gives a function and its arguments.
"""

import numpy as np
import pytest
from numpy.lib.stride_tricks import as_strided, sliding_window_view

from refvae.check import check_layer
from refvae.check.proof import PROVED, REFUTED


def draw(*shape, seed=0):
    """Gaussian numbers."""
    return np.random.default_rng([seed, *shape]).standard_normal(shape)


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


# Convolution, pooling, frames


def convolution_by_im2col(bug):
    def columns(x, k):
        out = x.shape[-1] - k + 1
        found = np.zeros((len(x), k, out), dtype=x.dtype)
        for i in range(k):
            found[:, i] = x[:, i:i + out]
        return found.transpose(0, 2, 1).reshape(-1, k)

    def f(x, w, b):
        col = columns(x, len(w))

        def backward(d):
            flat, dx = d.reshape(-1), np.zeros_like(x)
            back = np.outer(flat, w).reshape(len(x), -1, len(w))
            for i in range(len(w)):
                if bug == 1:
                    dx[:, i:i + d.shape[1]] = back[:, :, i]
                else:
                    dx[:, i:i + d.shape[1]] += back[:, :, i]
            return dx, (col.T @ flat)[::-1 if bug == 2 else 1], flat.mean() if bug == 3 else flat.sum()
        return (col @ w + b).reshape(len(x), -1), backward
    return f, (draw(2, 5), draw(3), np.array(0.3))


def convolution_by_windows(bug):
    def f(x, k):
        windows = sliding_window_view(x, k.shape)

        def backward(d):
            padded = np.pad(d, [(n - 1, n - 1) for n in k.shape])
            turned = k if bug == 1 else k[::-1, ::-1]
            dk = np.einsum("ijkl,ij->kl", windows, d)
            return np.einsum("ijkl,kl->ij", sliding_window_view(padded, k.shape), turned), dk / (2 if bug == 2 else 1)
        return np.einsum("ijkl,kl->ij", windows, k), backward
    return f, (draw(4, 3), draw(2, 2))


def frames_by_strides(bug):
    def f(x):
        window, (step,) = np.hanning(6)[1:5], x.strides
        frames = as_strided(x, (3, 4), (2 * step, step))

        def backward(d):
            dx = np.zeros_like(x)
            for i in range(3):
                piece = d[i] * (window[::-1] ** 2 if bug == 1 else window)
                dx[2 * i:2 * i + 4] = piece if bug == 2 else dx[2 * i:2 * i + 4] + piece
            return dx
        return (frames * window).sum(1), backward
    return f, (draw(8),)


def max_pooling(bug):
    def f(x):
        blocks = x.reshape(2, 2, 2, 2).transpose(0, 2, 1, 3).reshape(2, 2, 4)
        top = blocks.argmax(-1)

        def backward(d):
            dx, (i, j) = np.zeros_like(x), np.indices(d.shape)
            row, column = (top % 2, top // 2) if bug == 1 else (top // 2, top % 2)
            np.add.at(dx, (2 * i + row, 2 * j + column), d / (4 if bug == 2 else 1))
            return dx
        return np.take_along_axis(blocks, top[..., None], -1)[..., 0], backward
    return f, (draw(4, 4),)


def numpy_convolve(bug):
    def f(x, k):
        def backward(d):
            return (np.convolve(d, k if bug == 1 else k[::-1], mode="valid"),
                    np.convolve(d[::-1] if bug == 2 else d, x[::-1], mode="valid"))
        return np.convolve(x, k, mode="full"), backward
    return f, (draw(5), draw(3))


# Normalisation


class BatchNorm:
    """With running statistics."""

    def __init__(self, d, bug):
        self.running_mean, self.running_var, self.bug = np.zeros(d), np.ones(d), bug

    def forward(self, x, gamma, beta):
        mean, var = x.mean(axis=0), x.var(axis=0)
        self.running_mean = 0.9 * self.running_mean + 0.1 * mean
        self.running_var = 0.9 * self.running_var + 0.1 * var
        self.std, self.gamma = np.sqrt(var + 1e-5), gamma
        self.hat = (x - mean) / self.std
        return gamma * self.hat + beta

    def backward(self, d):
        n, dhat = len(d) - (self.bug == 1), d if self.bug == 2 else d * self.gamma
        dx = (1.0 / n) / self.std * (n * dhat - dhat.sum(0) - self.hat * (dhat * self.hat).sum(0))
        return dhat / self.std if self.bug == 3 else dx, (d * self.hat).sum(0), d.sum(0)


def batch_norm(bug):
    def f(x, gamma, beta):
        layer = BatchNorm(x.shape[1], bug)
        return layer.forward(x, gamma, beta), layer.backward
    return f, (draw(4, 3), draw(3), draw(3, seed=1))


def group_norm(bug):
    def f(x, w):
        groups = x.reshape(len(x), 2, -1)
        inverse = 1 / np.sqrt(groups.var(-1, keepdims=True) + 1e-5)
        hat = (groups - groups.mean(-1, keepdims=True)) * inverse

        def backward(d):
            dh, m = (d * w).reshape(hat.shape), 2 if bug == 1 else hat.shape[-1]
            dx = inverse / m * (m * dh - dh.sum(-1, keepdims=True) - hat * (dh * hat).sum(-1, keepdims=True))
            return dx.reshape(x.shape), (d * hat.reshape(x.shape)).sum(0) * (2 if bug == 2 else 1)
        return hat.reshape(x.shape) * w, backward
    return f, (draw(2, 6), draw(6))


def weight_norm(bug):
    def f(v, g):
        n = np.linalg.norm(v, axis=0)

        def backward(d):
            dg = (d * v / n).sum(0)
            return g / n * d - (0 if bug == 1 else g * dg / (n if bug == 2 else n**2) * v), dg
        return g * v / n, backward
    return f, (draw(4, 3), draw(3))


# Activations and losses


def gelu(bug):
    def f(x):
        c = np.sqrt(2 / np.pi)
        t = np.tanh(c * (x + 0.044715 * x**3))
        slope = (1 - t if bug == 1 else 1 - t**2) * c * (1 + (2 if bug == 2 else 3) * 0.044715 * x**2)
        return 0.5 * x * (1 + t), lambda d: d * (0.5 * (1 + t) + 0.5 * x * slope)
    return f, (draw(5),)


def selu(bug):
    def f(x):
        alpha, scale = 1.6732632423543772, 1.0507009873554805
        slope = np.where(x > 0, 1, alpha if bug == 1 else alpha * np.exp(x))
        return scale * np.where(x > 0, x, alpha * np.expm1(x)), lambda d: d * slope * (1 if bug == 2 else scale)
    return f, (draw(6),)


def power(bug):
    def f(x):
        slope = (1 if bug == 1 else 1.7) * np.abs(x) ** 0.7
        return np.abs(x) ** 1.7, lambda d: d * slope * (1 if bug == 2 else np.sign(x))
    return f, (draw(5),)


def stable_sigmoid(bug):
    def f(x):
        y, right = np.empty_like(x), x >= 0
        y[right] = 1 / (1 + np.exp(-x[right]))
        e = np.exp(x[~right])
        y[~right] = e / (1 + e)
        return y, lambda d: d * y * ((1, 1 - y, 1 + y)[(1 - bug) if bug < 2 else 2])
    return f, (draw(6),)


def focal_loss(bug):
    def f(z):
        y, p = np.array([1, 0, 1, 1, 0]), sigmoid(z)
        pt, sign = np.where(y == 1, p, 1 - p), np.where(y == 1, 1, -1)
        dpt = (0 if bug == 1 else 2 * (1 - pt) * np.log(pt)) - (1 - pt) ** 2 / pt
        return -((1 - pt) ** 2) * np.log(pt), lambda d: d * dpt * (1 if bug == 2 else sign) * p * (1 - p)
    return f, (draw(5),)


def hinge(bug):
    def f(s):
        rows, y = np.arange(3), np.array([0, 2, 1])
        margin = np.maximum(0, s - s[rows, y][:, None] + 1)
        margin[rows, y] = 0

        def backward(d):
            g = (margin > 0).astype(s.dtype)
            g[rows, y] -= 1 if bug == 1 else g.sum(1)
            return d * g / (1 if bug == 2 else 3)
        return np.sum(margin) / 3, backward
    return f, (draw(3, 4),)


def contrastive(bug):
    def f(u, v):
        unit = lambda x: x / np.linalg.norm(x, axis=1, keepdims=True)
        un, vn = unit(u), unit(v)
        p = np.exp((s := un @ vn.T / 0.1) - s.max(1, keepdims=True))
        p /= p.sum(1, keepdims=True)

        def backward(d):
            g = (p - (0 if bug == 1 else np.eye(3))) / 3 * d / 0.1
            back = lambda g, n, x: (g - n * (g * n).sum(1, keepdims=True)) / np.linalg.norm(x, axis=1, keepdims=True)
            return back(g @ vn, un, u), back(g @ un if bug == 2 else g.T @ un, vn, v)
        return -np.log(np.diag(p)).mean(), backward
    return f, (draw(3, 2), draw(3, 2, seed=1))


# Sequences


def lstm(bug):
    def f(x, w, h, c):
        steps, outputs, n = [], [], len(h)
        for row in x:
            a = np.concatenate([row, h]) @ w
            i, g, o, u = sigmoid(a[:n]), sigmoid(a[n:2 * n]), sigmoid(a[2 * n:3 * n]), np.tanh(a[3 * n:])
            new = g * c + i * u
            steps.append((np.concatenate([row, h]), i, g, o, u, c, new))
            h, c = o * np.tanh(new), new
            outputs.append(h)

        def backward(d):
            dx, dw, dh, dc = np.zeros_like(x), np.zeros_like(w), 0 * h, 0 * c
            for t in reversed(range(len(x))):
                z, i, g, o, u, old, new = steps[t]
                dh = dh + d[t]
                dc = (0 if bug == 1 else dc) + dh * o * (1 - np.tanh(new) ** 2)
                da = np.hstack([dc * u * i * (1 - i), dc * old * g * (1 - g), dh * np.tanh(new) * o * (1 - o),
                                dc * i * (1 - u if bug == 2 else 1 - u**2)])
                dw += np.outer(z, da)
                dx[t], dh, dc = (w @ da)[:x.shape[1]], (w @ da)[x.shape[1]:], dc * g
            return dx, dw, dh, dc
        return np.array(outputs), backward
    return f, (draw(3, 2), draw(4, 8) / 2, draw(2), draw(2, seed=1))


def causal_attention(bug):
    def f(q, k, v):
        s = np.where(np.triu(np.ones((3, 3), dtype=bool), 1), -np.inf, q @ k.swapaxes(-1, -2) / np.sqrt(2))
        a = np.exp(s - s.max(-1, keepdims=True))
        a = a / a.sum(-1, keepdims=True)

        def backward(d):
            da = d @ v.swapaxes(-1, -2)
            ds = a * (da - (da * a).sum(-1, keepdims=True)) / (1 if bug == 1 else np.sqrt(2))
            return ds @ k, (ds if bug == 2 else ds.swapaxes(-1, -2)) @ q, a.swapaxes(-1, -2) @ d
        return a @ v, backward
    return f, (draw(2, 3, 2), draw(2, 3, 2, seed=1), draw(2, 3, 2, seed=2))


def conditional_field(bug):
    def f(scores, moves):
        alpha = [scores[0]]
        for row in scores[1:]:
            m = alpha[-1][:, None] + moves
            alpha.append(row + m.max(0) + np.log(np.exp(m - m.max(0)).sum(0)))
        z = alpha[-1].max() + np.log(np.exp(alpha[-1] - alpha[-1].max()).sum())

        def backward(d):
            da, ds, dm = d * np.exp(alpha[-1] - z), np.zeros_like(scores), np.zeros_like(moves)
            ds[-1] = da
            for t in range(len(scores) - 1, 0, -1):
                g = np.exp(alpha[t - 1][:, None] + moves - (alpha[t] - scores[t])) * da
                dm += g.T if bug == 1 else g
                da = ds[t - 1] = g.sum(0 if bug == 2 else 1)
            return ds, dm
        return z, backward
    return f, (draw(3, 3), draw(3, 3, seed=1))


def soft_time_warping(bug):
    def f(x):
        r = np.full((3, 3), np.inf, dtype=x.dtype)
        r[0, 0] = 0 * x[0, 0]
        for i, j in np.ndindex(2, 2):
            z = -np.array([r[i, j], r[i, j + 1], r[i + 1, j]], dtype=x.dtype)
            r[i + 1, j + 1] = x[i, j] - np.max(z) - np.log(np.sum(np.exp(z - np.max(z))))

        def backward(d):
            g, dx = np.zeros_like(r), np.zeros_like(x)
            g[2, 2] = d
            for i, j in ((1, 1), (1, 0), (0, 1), (0, 0)):
                e, s = g[i + 1, j + 1], r[i + 1, j + 1] - x[i, j]
                dx[i, j] = e
                for at in [(i, j), (i, j + 1), (i + 1, j)][bug == 1:]:
                    g[at] += e * np.exp(s - r[at])
            return -dx if bug == 2 else dx
        return r[2, 2], backward
    return f, (np.abs(draw(2, 2)) + 0.2,)


# Sums, orders, filters, flows


def sorting(bug):
    def f(x):
        order = np.argsort(x, axis=1)

        def backward(d):
            dx = np.zeros_like(x)
            np.put_along_axis(dx, order, d, axis=1)
            return (dx, d, np.take_along_axis(d, order, 1))[bug]
        return np.sort(x, axis=1), backward
    return f, (np.array([[0.1, 0.4, 0.7, 0.8, 1.3], [-1.0, 0.2, 0.5, 0.9, 2.0]]),)  # in order already


def cumulative_product(bug):
    def f(x):
        y = np.cumprod(x)
        return y, lambda d: np.cumsum((d * y)[::-1])[::-1] / (1 if bug == 1 else x) if bug < 2 else np.cumsum(d * y) / x
    return f, (draw(4),)


def deviations(bug):
    def f(x):
        y = np.std(x, axis=(0, 2), ddof=1)
        off = x if bug == 1 else x - x.mean((0, 2), keepdims=True)
        return y, lambda d: d[None, :, None] * off / ((4 if bug == 2 else 3) * y[None, :, None])
    return f, (draw(2, 3, 2),)


def kalman_filter(bug):
    def f(a, logq):
        q, m, p, total, steps = np.exp(logq), 0.0, 1.0, 0.0, []
        for y in (0.3, -0.2, 0.8):
            prior, spread = a * m, a * a * p + q
            s, v = spread + 0.5, y - prior
            total = total - 0.5 * (np.log(2 * np.pi * s) + v * v / s)
            steps.append((m, p, spread, s, v))
            m, p = prior + spread / s * v, (1 - spread / s) * spread

        def backward(d):
            dm, dp, da, dq = 0.0, 0.0, 0.0, 0.0
            for m, p, spread, s, v in steps[::-1]:
                dk = dm * v - dp * spread
                ds = -0.5 * d * (1 / s - v * v / s**2) - dk * spread / s**2
                dspread = dp * (1 - spread / s) + dk / s + ds
                dprior = dm - dm * spread / s + d * v / s
                da = da + dprior * m + (1 if bug == 1 else 2) * a * p * dspread
                dq, dm, dp = dq + dspread, dprior * a, dspread * a * a
            return da, dq if bug == 2 else dq * q
        return total, backward
    return f, (np.array(0.8), np.array(-0.3))


def coupling_flow(bug):
    def f(x, w):
        one, two = np.split(x, 2, axis=1)
        s, t = np.split(np.tanh(one @ w), 2, axis=1)

        def backward(d):
            (d1, d2), dlog = np.split(d[0], 2, axis=1), 0 if bug == 1 else d[1][:, None]
            da = np.hstack([d2 * two * np.exp(s) + dlog, d2]) * (1 - np.hstack([s, t]) ** 2)
            return np.hstack([d1 + da @ w.T, d2 * np.exp(-s if bug == 2 else s)]), one.T @ da
        return (np.concatenate([one, two * np.exp(s) + t], axis=1), s.sum(1)), backward
    return f, (draw(3, 4), draw(2, 4))


def buffers_and_out(bug):
    def f(x, w):
        buffer = np.empty_like(x)
        np.multiply(x, w, out=buffer)
        np.tanh(buffer, out=buffer)

        def backward(d):
            t = np.multiply(buffer, buffer, out=np.empty_like(x))
            np.subtract(1, t, out=t)
            t *= d
            return t if bug == 1 else t * w, t.sum(0) if bug == 2 else (t * x).sum(0)
        return buffer, backward
    return f, (draw(3, 2), draw(2))


STRANGERS = [convolution_by_im2col, convolution_by_windows, frames_by_strides, max_pooling, numpy_convolve, batch_norm,
             group_norm, weight_norm, gelu, selu, power, stable_sigmoid, focal_loss, hinge, contrastive, lstm,
             causal_attention, conditional_field, soft_time_warping, sorting, cumulative_product, deviations,
             kalman_filter, coupling_flow, buffers_and_out]
MISTAKES = {convolution_by_im2col: 3, batch_norm: 3}


@pytest.mark.parametrize("stranger", STRANGERS)
def test_what_strangers_write_is_proved_if_it_is_right_and_refuted_if_not(stranger):
    statuses = [check_layer(*stranger(bug), exact=True).status for bug in range(MISTAKES.get(stranger, 2) + 1)]
    assert statuses == [PROVED] + [REFUTED] * (len(statuses) - 1)
    assert check_layer(*stranger(0)).status == "PASS"
