"""Field types: what a value of a record may be, and how it is read, checked, written and declared in XSD."""

from ecqs_gateway.model.types.base import FieldProblem, FieldType, XsdType
from ecqs_gateway.model.types.coded import AreaCode, Code
from ecqs_gateway.model.types.dates import BusinessDate, Timestamp
from ecqs_gateway.model.types.identifiers import CertificateNumber, Identifier, LicenceId, PersonDigest, Sha256, Uscc
from ecqs_gateway.model.types.numbers import Flag, Integer, Money, Quantity
from ecqs_gateway.model.types.text import OrgName, PersonName, Text

__all__ = [
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
]
