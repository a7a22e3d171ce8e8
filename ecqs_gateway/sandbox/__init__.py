"""A stand-in headquarters in its own process with its own ledger, and sample provinces.

Headquarters checks by its own code whatever the gateway sends, or it would prove nothing. What it refuses, and why:

* HQ-101 the package cannot be read, HQ-102 its signature does not hold, HQ-103 its manifest is not of the schema,
  HQ-104 the manifest contradicts file name or folder, HQ-105 a part is not what the manifest says, HQ-106 the batch id
  is taken by other bytes, HQ-108 the manifest does not link to the batch before it;
* of a monthly report, HQ-121 to HQ-124 (see ``reports``);
* HQ-111 the batch is not of the schema, HQ-112 its header is not the manifest's, HQ-113 its number of records is not;
* of single records, HQ-201 the version is not the digest of the body, HQ-202 the business key is not in the body,
  HQ-203 ``previous`` is no known version or is missing, HQ-204 the key stands twice in the batch, HQ-205 another unit
  holds the certificate number, HQ-206 there is nothing to invalidate, HQ-207 the
  number carries the abbreviation of another unit, HQ-210 the days contradict each other.
"""
