"""Field types: what a value of a record may be, and how it is read, checked, written and declared in XSD.

A field of a record kind names one: ``number: Annotated[str, CertificateNumber()]``. Every problem they can find has a
code and a message in ``problems.PROBLEMS``. ``as_text`` and ``blank_to_null`` are what a mapping applies to a source
column before ``read_expr``.
"""

from ecqs_gateway.model.types.base import FieldProblem, FieldType, XsdType
from ecqs_gateway.model.types.certificate import CertificateNumber, abbreviation_of, serial_of, unit_of, xk_of
from ecqs_gateway.model.types.coded import AreaCode, Code, valid_on_expr
from ecqs_gateway.model.types.dates import BusinessDate, Timestamp
from ecqs_gateway.model.types.ids import Identifier, PersonDigest, Sha256
from ecqs_gateway.model.types.licence import LicenceId
from ecqs_gateway.model.types.numbers import Flag, Integer, Money, Quantity
from ecqs_gateway.model.types.problems import PROBLEMS, problem
from ecqs_gateway.model.types.source import as_text, blank_to_null
from ecqs_gateway.model.types.text import OrgName, PersonName, Text
from ecqs_gateway.model.types.uscc import Uscc

__all__ = [
    "PROBLEMS",
    "AreaCode",
    "BusinessDate",
    "CertificateNumber",
    "Code",
    "FieldProblem",
    "FieldType",
    "Flag",
    "Identifier",
    "Integer",
    "LicenceId",
    "Money",
    "OrgName",
    "PersonDigest",
    "PersonName",
    "Quantity",
    "Sha256",
    "Text",
    "Timestamp",
    "Uscc",
    "XsdType",
    "abbreviation_of",
    "as_text",
    "blank_to_null",
    "problem",
    "serial_of",
    "unit_of",
    "valid_on_expr",
    "xk_of",
]
