"""A method, a variable and what is done to the canvas after each move, together a solver; and the solver a config asks for."""

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
    """Moves a canvas downhill. It sees a callable, never a loss or a network; all that it knows of a run is in the state.

    A state is a value: no call changes the canvas or the state it is given, so a caller may go back to an earlier pair. It
    counts ``iterations`` and ``evaluations`` over all sizes, and may be saved and loaded between any two steps.

    Args:
        method: the rule of descent.
        variable: what the method moves.
        clamp: keep the canvas in 0..1; a line search then follows the clamped path. L-BFGS takes its pairs from the moves
            before clamping, as the systems that clamp do.
        average: decay of the average over iterates, the starting canvas included and bias corrected; 0 for none.
    """

    method: Method
    variable: Variable = field(default_factory=Pixels)
    clamp: bool = False
    average: float = 0.0

    def init(self, canvas: Tensor) -> State:
        """The state before the first step on a ``canvas`` ``(B, C, H, W)`` in [0, 1]."""
        return {"iterations": 0, "evaluations": 0, "height": canvas.shape[-2], "width": canvas.shape[-1]}

    def step(self, value_and_grad: Callable[[Tensor], tuple[R, Tensor]], canvas: Tensor, state: State) -> tuple[Tensor, State, R]:
        """One iteration.

        Args:
            value_and_grad: report and gradient ``(B, C, H, W)`` of its ``total``, at a canvas.
            canvas: ``(B, C, H, W)`` in [0, 1], as the last step returned it.
            state: as the last step, `init`, `resize` or `refresh` returned it.

        Returns:
            The new canvas, the new state and a report: of the canvas given, or, with a line search, of the canvas returned.
            To know the canvas of the lowest loss, look at what ``value_and_grad`` is called with.
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
        """The canvas to show and to return: the average over iterates where there is one, else ``canvas``."""
        average: Tensor = state.get("average", canvas)
        return average

    def resize(self, state: State, size: Size) -> State:
        """The state for a canvas of ``size`` (height, width). The average starts anew; see each method for what it carries."""
        own, memory = _split(state)
        old = (own["height"], own["width"])
        kept = self.method.resize(memory, lambda vector, mode: self.variable.resize(vector, old, size, mode))
        counts = {"iterations": own["iterations"], "evaluations": own["evaluations"]}
        return {**counts, "height": size[0], "width": size[1], **kept}

    def remeasure(self, state: State) -> State:
        """The state for the same objective in another number format."""
        own, memory = _split(state)
        return {**own, **self.method.remeasure(memory)}

    def refresh(self, state: State) -> State:
        """The state for an objective that has changed since the last step: what was measured of the old one is forgotten."""
        own, memory = _split(state)
        return {**own, **self.method.refresh(memory)}

    def _moved(self, canvas: Tensor, move: Tensor) -> Tensor:
        after = canvas + self.variable.push(move, canvas.shape)
        return after.clamp_(0, 1) if self.clamp else after

    def _averaged(self, own: State, before: Tensor, after: Tensor) -> State:
        """The running mean whose newest of n iterates weighs (1 - decay) / (1 - decay^n)."""
        count = own.get("averaged", 1) + 1
        share = (1 - self.average) / (1 - self.average**count)
        return {"average": own.get("average", before).lerp(after, share), "averaged": count}


def _split(state: State) -> tuple[State, Memory]:
    """The entries of the solver and those of its method."""
    own = {name: state[name] for name in _OWN if name in state}
    return own, {name: value for name, value in state.items() if name not in own}


def create_solver(config: StylizeConfig) -> Solver:
    """The solver that ``config`` describes; resolved here if it is not yet."""
    options = config.solver
    method, variable = _METHODS[options.optimizer](options), _VARIABLES[options.variable](config.wrap)
    return Solver(method, Grey(variable) if config.color == "luminance" else variable, options.clamp, options.average)


def _lbfgs(options: SolverOptions) -> Method:
    return LBFGS(options.step_size, options.history, options.line_search == "strong-wolfe")


def _adam(options: SolverOptions) -> Method:
    return Adam(options.step_size, options.beta1, options.beta2, options.epsilon, options.epsilon_hat, options.carry)


_METHODS: dict[str, Callable[[SolverOptions], Method]] = registered(OPTIMIZERS, {"adam": _adam, "lbfgs": _lbfgs})

_VARIABLES: dict[str, Callable[[str], Variable]] = registered(  # of the axes that are wrapped
    VARIABLES,
    {
        "pixels": lambda wrap: Pixels(wrap=wrap),
        "pixels255": lambda wrap: Pixels(255.0, wrap),
        "laplacian": lambda wrap: Bands(wrap=wrap),
    },
)
