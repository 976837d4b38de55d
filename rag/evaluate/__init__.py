"""How well a workspace's search answers questions whose answers are known: measures, arms side by side, what was missed, a gate."""

from rag.evaluate.arms import DOMAIN, FULL, Arm, arms_of, chosen
from rag.evaluate.generate import generate
from rag.evaluate.measures import Estimate, measure_names
from rag.evaluate.questions import Gold, Place, Question, Within, read_questions, to_json_line
from rag.evaluate.regression import Fall, falls, read_baseline
from rag.evaluate.run import DECIDES, ArmResult, By, Evaluation, Miss, evaluate, winning

__all__ = [
    "DECIDES",
    "DOMAIN",
    "FULL",
    "Arm",
    "ArmResult",
    "By",
    "Estimate",
    "Evaluation",
    "Fall",
    "Gold",
    "Miss",
    "Place",
    "Question",
    "Within",
    "arms_of",
    "chosen",
    "evaluate",
    "falls",
    "generate",
    "measure_names",
    "read_baseline",
    "read_questions",
    "to_json_line",
    "winning",
]
