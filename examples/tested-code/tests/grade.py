"""Calls the repaired function with the item's cases, which the agent never saw, and compares what it returns."""

import sys

sys.path.insert(0, ".rollyard")
from rollyard_grade import Grading

grading = Grading()
item = grading.item
for number, (arguments, wanted) in enumerate(item["cases"]):
    answer = grading.call(item["file"], item["function"], *arguments, seconds=2)
    grading.expect(f"{item['function']}-{number}", answer, wanted)
grading.finish()
