"""A solver: a method, a variable, clamping and averaging; and the solver that a config describes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from torch import Tensor

from ..config import StylizeConfig
from ..config.choices import OPTIMIZERS, VARIABLES, registered
from ..config.concerns import SolverOptions
from ..types import Size
from .adam import Adam
from .lbfgs import LBFGS
from .method import Memory, Method, R
from .parameterization import Bands, Grey, Pixels, Variable

__all__ = ["Solver", "State", "create_solver"]

# A flat dict of tensors and numbers: safetensors and JSON can hold it.
State = dict[str, Any]

_OWN = ("iterations", "evaluations", "height", "width", "average", "averaged")


@dataclass(frozen=True)
class Solver:
    """Minimises a function of the canvas. All that it remembers between two steps is in a state that it returns.

    No call changes the canvas or the state it is given, so that a caller may go back to an earlier pair of them. The
    state counts ``iterations`` and ``evaluations`` over all sizes, and may be saved and loaded between any two steps.

    Args:
        method: the optimisation method.
        variable: parameterisation of the canvas.
        clamp: clamp the canvas to 0..1 after each step; a line search then follows the clamped path. L-BFGS takes its
            pairs from the steps before clamping, as published systems that clamp do.
        average: decay of an exponential moving average over the iterates, the initial canvas included, with bias
            correction; 0 for none.

    Examples:
        >>> import torch
        >>> from types import SimpleNamespace
        >>> from impasto.optim import Adam
        >>> def loss(canvas):  # mean of (canvas - 0.25)^2
        ...     return SimpleNamespace(total=((canvas - 0.25) ** 2).mean().item()), 2 * (canvas - 0.25) / canvas.numel()
        >>> solver, canvas = Solver(Adam(step_size=0.05), clamp=True), torch.ones(1, 3, 2, 2)
        >>> state = solver.init(canvas)
        >>> for _ in range(100):
        ...     canvas, state, report = solver.step(loss, canvas, state)
        >>> round(canvas.mean().item(), 2), state["iterations"]
        (0.25, 100)
    """

    method: Method
    variable: Variable = field(default_factory=Pixels)
    clamp: bool = False
    average: float = 0.0

    def init(self, canvas: Tensor) -> State:
        """The state before the first step.

        Args:
            canvas: ``(B, C, H, W)`` in [0, 1].

        Returns:
            The state: counts of 0, and the size of the canvas.
        """
        return {"iterations": 0, "evaluations": 0, "height": canvas.shape[-2], "width": canvas.shape[-1]}

    def step(
        self,
        value_and_grad: Callable[[Tensor], tuple[R, Tensor]],
        canvas: Tensor,
        state: State,
    ) -> tuple[Tensor, State, R]:
        """Do one iteration.

        Args:
            value_and_grad: returns a report and the gradient ``(B, C, H, W)`` of its ``total`` at a canvas.
            canvas: ``(B, C, H, W)`` in [0, 1], as returned by the last step.
            state: as returned by the last step, or by `init`, `resize`, `remeasure` or `refresh`.

        Returns:
            The new canvas, the new state and a report: of the canvas given, or, with a line search, of the canvas
                returned.
            To find the canvas of the lowest loss, observe the calls of ``value_and_grad``.
        """
        evaluations = state["evaluations"]

        def evaluate(move: Tensor | None) -> tuple[R, Tensor]:
            nonlocal evaluations
            evaluations += 1
            report, gradient = value_and_grad(canvas if move is None else self._moved(canvas, move))
            return report, self.variable.pull(gradient)

        own, memory = _split(state)
        move, memory, report = self.method.move(evaluate, memory)
        after = self._moved(canvas, move)
        own |= {"iterations": own["iterations"] + 1, "evaluations": evaluations}
        if self.average:
            own |= self._averaged(own, canvas, after)
        return after, {**own, **memory}, report

    def canvas(self, state: State, canvas: Tensor) -> Tensor:
        """The canvas to show and to return: the average over the iterates if there is one, else the last iterate.

        Args:
            state: after a step.
            canvas: from the same step.

        Returns:
            ``(B, C, H, W)``.
        """
        average: Tensor = state.get("average", canvas)
        return average

    def resize(self, state: State, size: Size) -> State:
        """The state for a canvas of another size.

        The average starts anew; each `Method.resize` says what is kept of its memory.

        Args:
            state: for the old size.
            size: (height, width).

        Returns:
            The state for the new size.
        """
        own, memory = _split(state)
        old = (own["height"], own["width"])
        kept = self.method.resize(memory, lambda vector, mode: self.variable.resize(vector, old, size, mode))
        counts = {"iterations": own["iterations"], "evaluations": own["evaluations"]}
        return {**counts, "height": size[0], "width": size[1], **kept}

    def remeasure(self, state: State) -> State:
        """The state for the same objective in another number format, see `Method.remeasure`."""
        own, memory = _split(state)
        return {**own, **self.method.remeasure(memory)}

    def refresh(self, state: State) -> State:
        """The state after the objective has changed, see `Method.refresh`."""
        own, memory = _split(state)
        return {**own, **self.method.refresh(memory)}

    def _moved(self, canvas: Tensor, move: Tensor) -> Tensor:
        after = canvas + self.variable.push(move, canvas.shape)
        return after.clamp_(0, 1) if self.clamp else after

    def _averaged(self, own: State, before: Tensor, after: Tensor) -> State:
        """Bias-corrected exponential moving average: the newest of n iterates weighs (1 - decay) / (1 - decay^n)."""
        count = own.get("averaged", 1) + 1
        share = (1 - self.average) / (1 - self.average**count)
        return {"average": own.get("average", before).lerp(after, share), "averaged": count}


def _split(state: State) -> tuple[State, Memory]:
    """The entries that belong to the solver, and those that belong to its method."""
    own = {name: state[name] for name in _OWN if name in state}
    return own, {name: value for name, value in state.items() if name not in own}


def create_solver(config: StylizeConfig) -> Solver:
    """The solver that a config describes.

    Args:
        config: ``optimizer``, ``variable``, ``step_size`` and the other options of the solver; resolved if it is not
            yet.

    Returns:
        The `Solver`, without a state.

    Examples:
        >>> from impasto.config import StylizeConfig
        >>> create_solver(StylizeConfig(optimizer="adam", step_size=0.02)).method.step_size
        0.02
    """
    options = config.solver
    method, variable = _METHODS[options.optimizer](options), _VARIABLES[options.variable](config.wrap)
    return Solver(method, Grey(variable) if config.color == "luminance" else variable, options.clamp, options.average)


def _lbfgs(options: SolverOptions) -> Method:
    return LBFGS(options.step_size, options.history, options.line_search == "strong-wolfe")


def _adam(options: SolverOptions) -> Method:
    return Adam(options.step_size, options.beta1, options.beta2, options.epsilon, options.epsilon_hat, options.carry)


_METHODS: dict[str, Callable[[SolverOptions], Method]] = registered(OPTIMIZERS, {"adam": _adam, "lbfgs": _lbfgs})

_VARIABLES: dict[str, Callable[[str], Variable]] = registered(  # wrap -> variable
    VARIABLES,
    {
        "pixels": lambda wrap: Pixels(wrap=wrap),
        "pixels255": lambda wrap: Pixels(255.0, wrap),
        "laplacian": lambda wrap: Bands(wrap=wrap),
    },
)
