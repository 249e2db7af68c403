"""All models that are compared, in the order of the table."""

from dual import DUAL
from models import PAIRS

MODELS = PAIRS | DUAL
