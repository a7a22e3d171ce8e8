SET statement_timeout = 0;
SET lock_timeout = 0;
SET idle_in_transaction_session_timeout = 0;
SET client_encoding = 'UTF8';
SET standard_conforming_strings = on;
SELECT pg_catalog.set_config('search_path', '', false);
SET check_function_bodies = false;
SET xmloption = content;
SET client_min_messages = warning;
SET row_security = off;
SET default_tablespace = '';
SET default_table_access_method = heap;
CREATE TABLE public.accepted_plan (
    id bigint NOT NULL,
    lane_id integer NOT NULL,
    base_fingerprint text NOT NULL,
    fingerprint text NOT NULL,
    base_bundle text NOT NULL,
    bundle text NOT NULL,
    by text NOT NULL,
    reason text NOT NULL,
    rows bigint NOT NULL,
    summary text NOT NULL,
    at text NOT NULL
);
COMMENT ON COLUMN public.accepted_plan.rows IS 'source rows the plan looked at';
COMMENT ON COLUMN public.accepted_plan.summary IS 'JSON: the plan''s counts, no record values';
CREATE SEQUENCE public.accepted_plan_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;
ALTER SEQUENCE public.accepted_plan_id_seq OWNED BY public.accepted_plan.id;
CREATE TABLE public.alembic_version (
    version_num character varying(32) NOT NULL
);
CREATE TABLE public.attempt (
    id bigint NOT NULL,
    batch_id text NOT NULL,
    run_id text NOT NULL,
    at text NOT NULL,
    outcome text NOT NULL,
    error text
);
COMMENT ON COLUMN public.attempt.outcome IS 'sent, transient, terminal, stopped';
CREATE SEQUENCE public.attempt_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;
ALTER SEQUENCE public.attempt_id_seq OWNED BY public.attempt.id;
CREATE TABLE public.audit_arrival (
    id bigint NOT NULL,
    unit text NOT NULL,
    name text NOT NULL,
    digest bytea NOT NULL,
    file text NOT NULL,
    verdict text NOT NULL,
    code text,
    reason text,
    request_id text,
    taken_at text NOT NULL,
    seen_at text
);
COMMENT ON COLUMN public.audit_arrival.unit IS 'unit in whose folder it lay';
COMMENT ON COLUMN public.audit_arrival.name IS 'name at headquarters: data, never a path here';
COMMENT ON COLUMN public.audit_arrival.file IS 'stage name of the exact bytes';
COMMENT ON COLUMN public.audit_arrival.verdict IS 'accepted, refused, quarantined';
COMMENT ON COLUMN public.audit_arrival.request_id IS 'null where it was quarantined';
COMMENT ON COLUMN public.audit_arrival.seen_at IS 'when a person said that a quarantined file was looked into';
CREATE SEQUENCE public.audit_arrival_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;
ALTER SEQUENCE public.audit_arrival_id_seq OWNED BY public.audit_arrival.id;
CREATE TABLE public.audit_case (
    request_id text NOT NULL,
    number integer NOT NULL,
    kind text NOT NULL,
    product text NOT NULL,
    key text NOT NULL,
    version bytea NOT NULL,
    unknown text
);
COMMENT ON COLUMN public.audit_case.number IS 'place in the request, from 1';
COMMENT ON COLUMN public.audit_case.unknown IS 'why this ledger knows no such record version; null where it does';
CREATE TABLE public.audit_message (
    id bigint NOT NULL,
    request_id text NOT NULL,
    kind text NOT NULL,
    number integer NOT NULL,
    digest bytea NOT NULL,
    file text NOT NULL,
    size integer NOT NULL,
    state text NOT NULL,
    attempts integer DEFAULT 0 NOT NULL,
    last_error text,
    sealed_at text NOT NULL,
    sent_at text
);
COMMENT ON COLUMN public.audit_message.kind IS 'acknowledgement, answer';
COMMENT ON COLUMN public.audit_message.number IS 'of the answer; 0 for the acknowledgement';
COMMENT ON COLUMN public.audit_message.file IS 'stage name of the exact bytes to send';
COMMENT ON COLUMN public.audit_message.state IS 'sealed, sent';
CREATE SEQUENCE public.audit_message_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;
ALTER SEQUENCE public.audit_message_id_seq OWNED BY public.audit_message.id;
CREATE TABLE public.audit_paper (
    id bigint NOT NULL,
    request_id text NOT NULL,
    number integer NOT NULL,
    type text NOT NULL,
    title text,
    media text,
    digest bytea,
    size integer,
    file text,
    absent text,
    added_by text NOT NULL,
    added_at text NOT NULL
);
COMMENT ON COLUMN public.audit_paper.number IS 'number of the case';
COMMENT ON COLUMN public.audit_paper.type IS 'code of paper_types';
COMMENT ON COLUMN public.audit_paper.title IS 'name of the file as the province has it';
COMMENT ON COLUMN public.audit_paper.media IS 'by content; null where the paper is declared absent';
COMMENT ON COLUMN public.audit_paper.digest IS 'SHA-256 of the file';
COMMENT ON COLUMN public.audit_paper.file IS 'stage name, made of the digest';
COMMENT ON COLUMN public.audit_paper.absent IS 'why there is no such paper';
CREATE SEQUENCE public.audit_paper_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;
ALTER SEQUENCE public.audit_paper_id_seq OWNED BY public.audit_paper.id;
CREATE TABLE public.audit_request (
    id text NOT NULL,
    unit text NOT NULL,
    digest bytea NOT NULL,
    file text NOT NULL,
    issued_at text NOT NULL,
    received_at text NOT NULL,
    working_days integer NOT NULL,
    due text NOT NULL,
    reckoned_due text,
    demands text NOT NULL,
    population text NOT NULL,
    state text NOT NULL,
    code text,
    reason text,
    routed_at text,
    routed_to text,
    remarks text,
    overdue_at text,
    closed_at text
);
COMMENT ON COLUMN public.audit_request.id IS 'id headquarters gave it';
COMMENT ON COLUMN public.audit_request.digest IS 'SHA-256 of the request''s exact bytes';
COMMENT ON COLUMN public.audit_request.file IS 'stage name of the exact bytes';
COMMENT ON COLUMN public.audit_request.due IS 'last day of the answer, by headquarters'' word';
COMMENT ON COLUMN public.audit_request.reckoned_due IS 'the same by our calendar; null where the calendar of a year is missing';
COMMENT ON COLUMN public.audit_request.demands IS 'JSON: record kind to codes of demanded papers';
COMMENT ON COLUMN public.audit_request.population IS 'JSON: verdict and figures of comparing it with this ledger';
COMMENT ON COLUMN public.audit_request.state IS 'received, routed, answered, again, closed, refused';
COMMENT ON COLUMN public.audit_request.code IS 'error code for which it was refused';
COMMENT ON COLUMN public.audit_request.routed_to IS 'table or folder it was written to';
COMMENT ON COLUMN public.audit_request.remarks IS 'JSON: what headquarters said of the last answer';
COMMENT ON COLUMN public.audit_request.overdue_at IS 'when it was first found overdue; null again when it is asked for anew';
CREATE TABLE public.batch (
    id text NOT NULL,
    lane_id integer NOT NULL,
    sequence bigint NOT NULL,
    run_id text NOT NULL,
    records integer NOT NULL,
    destination text NOT NULL,
    bundle text NOT NULL,
    engine text NOT NULL,
    manifest bytea NOT NULL,
    manifest_digest bytea NOT NULL,
    parts text NOT NULL,
    package text NOT NULL,
    package_digest bytea NOT NULL,
    package_size bigint NOT NULL,
    state text NOT NULL,
    rejected integer DEFAULT 0 NOT NULL,
    attempts integer DEFAULT 0 NOT NULL,
    next_attempt_at text,
    last_error text,
    sealed_at text NOT NULL,
    sent_at text,
    settled_at text,
    pruned_at text
);
COMMENT ON COLUMN public.batch.destination IS 'where it was sealed for; never sent anywhere else';
COMMENT ON COLUMN public.batch.manifest IS 'exact bytes of manifest.xml';
COMMENT ON COLUMN public.batch.parts IS 'JSON: name, digest algorithm, digest, size of each part';
COMMENT ON COLUMN public.batch.package IS 'stage name of the exact bytes to send';
COMMENT ON COLUMN public.batch.state IS 'sealed, sent, received, validated, loaded, rejected';
COMMENT ON COLUMN public.batch.rejected IS 'records headquarters refused';
COMMENT ON COLUMN public.batch.pruned_at IS 'when its package was removed under the retention';
CREATE TABLE public.certificate_answer (
    unit text NOT NULL,
    case_key text NOT NULL,
    number text NOT NULL,
    facts text,
    uses text NOT NULL,
    enquiry_id text NOT NULL,
    answered_at text NOT NULL
);
COMMENT ON COLUMN public.certificate_answer.case_key IS 'case headquarters was asked for';
COMMENT ON COLUMN public.certificate_answer.number IS 'certificate it was asked about';
COMMENT ON COLUMN public.certificate_answer.facts IS 'JSON: status, dates and cause; null where headquarters knows no such certificate';
COMMENT ON COLUMN public.certificate_answer.uses IS 'JSON: unit and case of every case that replaces it';
CREATE TABLE public.certificate_use (
    lane_id integer NOT NULL,
    key text NOT NULL,
    number text NOT NULL,
    sequence bigint NOT NULL
);
COMMENT ON COLUMN public.certificate_use.key IS 'business key of the case that replaces the certificate';
COMMENT ON COLUMN public.certificate_use.number IS 'number of the certificate';
COMMENT ON COLUMN public.certificate_use.sequence IS 'batch that carries the version that says so';
CREATE TABLE public.content_bundle (
    digest text NOT NULL,
    file text NOT NULL,
    file_digest bytea NOT NULL,
    size bigint NOT NULL,
    engine text NOT NULL,
    created_at text NOT NULL
);
COMMENT ON COLUMN public.content_bundle.digest IS 'digest of the content bundle, as runs and batches name it';
COMMENT ON COLUMN public.content_bundle.file IS 'stage name of the archive with its files';
CREATE TABLE public.correction (
    id bigint NOT NULL,
    dead_letter_id bigint NOT NULL,
    changes text NOT NULL,
    reason text NOT NULL,
    author text NOT NULL,
    state text NOT NULL,
    decided_by text,
    decided_at text,
    decision text,
    extraction_id bigint,
    created_at text NOT NULL
);
COMMENT ON COLUMN public.correction.changes IS 'JSON: source column to corrected value, sealed like the source';
COMMENT ON COLUMN public.correction.state IS 'proposed, approved, refused, withdrawn';
COMMENT ON COLUMN public.correction.decided_by IS 'the second person';
COMMENT ON COLUMN public.correction.decision IS 'why the second person refused it';
COMMENT ON COLUMN public.correction.extraction_id IS 'extraction that carries the corrected row';
CREATE SEQUENCE public.correction_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;
ALTER SEQUENCE public.correction_id_seq OWNED BY public.correction.id;
CREATE TABLE public.dead_letter (
    id bigint NOT NULL,
    lane_id integer NOT NULL,
    identity text NOT NULL,
    origin text NOT NULL,
    key text,
    source_key text,
    version bytea,
    batch_id text,
    extraction_id bigint,
    source_row integer,
    reasons text NOT NULL,
    source text,
    mapped text,
    bundle text NOT NULL,
    engine text NOT NULL,
    state text NOT NULL,
    first_run text NOT NULL,
    last_run text NOT NULL,
    created_at text NOT NULL,
    resolved_at text,
    resolved_by text,
    note text
);
COMMENT ON COLUMN public.dead_letter.identity IS 'hex digest: what makes it the same letter when met again';
COMMENT ON COLUMN public.dead_letter.origin IS 'source, mapping, rules, schema, headquarters';
COMMENT ON COLUMN public.dead_letter.key IS 'business key, when it could be read';
COMMENT ON COLUMN public.dead_letter.source_key IS 'key of the source row';
COMMENT ON COLUMN public.dead_letter.version IS 'record version headquarters refused';
COMMENT ON COLUMN public.dead_letter.reasons IS 'JSON list: field, column, rule, clause, message';
COMMENT ON COLUMN public.dead_letter.source IS 'source row as JSON';
COMMENT ON COLUMN public.dead_letter.mapped IS 'mapped record as JSON';
COMMENT ON COLUMN public.dead_letter.state IS 'open, resolved';
COMMENT ON COLUMN public.dead_letter.resolved_by IS 'what resolved it: a version digest or a person';
COMMENT ON COLUMN public.dead_letter.note IS 'why a person discarded it';
CREATE SEQUENCE public.dead_letter_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;
ALTER SEQUENCE public.dead_letter_id_seq OWNED BY public.dead_letter.id;
CREATE TABLE public.difference (
    id bigint NOT NULL,
    lane_id integer NOT NULL,
    side text NOT NULL,
    key text NOT NULL,
    class text NOT NULL,
    here bytea,
    there bytea,
    fields text NOT NULL,
    action text NOT NULL,
    state text NOT NULL,
    first_found bigint NOT NULL,
    last_found bigint NOT NULL,
    found_at text NOT NULL,
    settled_at text,
    settled_by text,
    note text
);
COMMENT ON COLUMN public.difference.side IS 'headquarters or source: what the ledger was compared with';
COMMENT ON COLUMN public.difference.class IS 'missing_there, missing_here, different, duplicated, …';
COMMENT ON COLUMN public.difference.here IS 'version digest of the ledger';
COMMENT ON COLUMN public.difference.there IS 'version digest of the other side';
COMMENT ON COLUMN public.difference.fields IS 'JSON list of national fields that differ';
COMMENT ON COLUMN public.difference.action IS 'resend, queue, wait, person';
COMMENT ON COLUMN public.difference.state IS 'open, repairing, settled';
COMMENT ON COLUMN public.difference.found_at IS 'when it was found first';
COMMENT ON COLUMN public.difference.settled_by IS 'reconciliation that no longer found it, or a person';
CREATE SEQUENCE public.difference_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;
ALTER SEQUENCE public.difference_id_seq OWNED BY public.difference.id;
CREATE TABLE public.digest_leaf (
    lane_id integer NOT NULL,
    bucket text NOT NULL,
    key text NOT NULL,
    version bytea NOT NULL
);
COMMENT ON COLUMN public.digest_leaf.bucket IS 'path of the bucket: product/month and hex digits';
COMMENT ON COLUMN public.digest_leaf.key IS 'business key';
COMMENT ON COLUMN public.digest_leaf.version IS 'version digest headquarters should hold';
CREATE TABLE public.digest_node (
    lane_id integer NOT NULL,
    path text NOT NULL,
    parent text NOT NULL,
    count bigint NOT NULL,
    digest bytea NOT NULL
);
COMMENT ON COLUMN public.digest_node.count IS 'records below';
CREATE TABLE public.digest_tree (
    lane_id integer NOT NULL,
    sequence bigint NOT NULL,
    cutoff bigint NOT NULL,
    records bigint NOT NULL,
    digest bytea NOT NULL,
    updated_at text NOT NULL
);
COMMENT ON COLUMN public.digest_tree.sequence IS 'last batch whose records are in the tree';
COMMENT ON COLUMN public.digest_tree.cutoff IS 'highest receipt number among those batches';
COMMENT ON COLUMN public.digest_tree.digest IS 'digest of the record kind';
CREATE TABLE public.drift (
    id bigint NOT NULL,
    lane_id integer NOT NULL,
    run_id text NOT NULL,
    fingerprint bytea NOT NULL,
    found text NOT NULL,
    state text NOT NULL,
    rows bigint NOT NULL,
    held_at text NOT NULL,
    decided_at text,
    decided_by text,
    reason text
);
COMMENT ON COLUMN public.drift.run_id IS 'run that found it first';
COMMENT ON COLUMN public.drift.fingerprint IS 'SHA-256 over what drifted, without counts';
COMMENT ON COLUMN public.drift.found IS 'JSON list: what, column, message, place';
COMMENT ON COLUMN public.drift.state IS 'held, let through, passed, accepted, gone';
COMMENT ON COLUMN public.drift.rows IS 'rows of the run that were taken before it was held';
CREATE SEQUENCE public.drift_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;
ALTER SEQUENCE public.drift_id_seq OWNED BY public.drift.id;
CREATE TABLE public.enquiry (
    id text NOT NULL,
    unit text NOT NULL,
    asked_at text NOT NULL,
    digest bytea NOT NULL,
    about text NOT NULL,
    answered_at text,
    answer text,
    answer_digest bytea
);
COMMENT ON COLUMN public.enquiry.digest IS 'SHA-256 of enquiry.json, which the answer must name';
COMMENT ON COLUMN public.enquiry.about IS 'JSON: list of number and case, as asked';
COMMENT ON COLUMN public.enquiry.answered_at IS 'null while no answer was believed';
COMMENT ON COLUMN public.enquiry.answer IS 'stage name of the exact bytes of the answer';
CREATE TABLE public.evidence (
    sequence bigint NOT NULL,
    at text NOT NULL,
    event text NOT NULL,
    subject text NOT NULL,
    facts text NOT NULL,
    previous bytea NOT NULL,
    hash bytea NOT NULL
);
COMMENT ON COLUMN public.evidence.subject IS 'what it happened to: a batch id, a lane, a receipt id';
COMMENT ON COLUMN public.evidence.facts IS 'canonical JSON of digests and counts, no record values';
CREATE TABLE public.extraction (
    id bigint NOT NULL,
    lane_id integer NOT NULL,
    run_id text NOT NULL,
    rows integer NOT NULL,
    origin text NOT NULL,
    files text NOT NULL,
    watermark text,
    state text NOT NULL,
    created_at text NOT NULL,
    cause text DEFAULT 'source'::text NOT NULL,
    pruned_at text
);
COMMENT ON COLUMN public.extraction.origin IS 'table or files the rows came from';
COMMENT ON COLUMN public.extraction.files IS 'JSON: stage files with their digests';
COMMENT ON COLUMN public.extraction.watermark IS 'JSON: position after these rows';
COMMENT ON COLUMN public.extraction.state IS 'stored, processed, abandoned';
COMMENT ON COLUMN public.extraction.cause IS 'source, retry, correction, release';
COMMENT ON COLUMN public.extraction.pruned_at IS 'when its files were removed under the retention';
CREATE SEQUENCE public.extraction_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;
ALTER SEQUENCE public.extraction_id_seq OWNED BY public.extraction.id;
CREATE TABLE public.fact_class (
    id bigint NOT NULL,
    lane_id integer NOT NULL,
    label text NOT NULL,
    product text NOT NULL,
    period text NOT NULL,
    measure text NOT NULL
);
COMMENT ON COLUMN public.fact_class.label IS 'product, period and measure, joined by |';
COMMENT ON COLUMN public.fact_class.product IS 'code of product_classes; empty where the record names none';
COMMENT ON COLUMN public.fact_class.period IS 'month, for days long past the year; empty where there is no day';
COMMENT ON COLUMN public.fact_class.measure IS 'what flows.facts says of the record kind';
CREATE SEQUENCE public.fact_class_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;
ALTER SEQUENCE public.fact_class_id_seq OWNED BY public.fact_class.id;
CREATE TABLE public.finding (
    id bigint NOT NULL,
    lane_id integer NOT NULL,
    key text NOT NULL,
    sequence bigint NOT NULL,
    rule text NOT NULL,
    field text,
    message text NOT NULL
);
COMMENT ON COLUMN public.finding.sequence IS 'batch that carries the record version';
CREATE SEQUENCE public.finding_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;
ALTER SEQUENCE public.finding_id_seq OWNED BY public.finding.id;
CREATE TABLE public.followup_due (
    lane_id integer NOT NULL,
    sequence bigint NOT NULL,
    key text NOT NULL,
    rule text NOT NULL,
    subject text NOT NULL,
    since text NOT NULL,
    due text NOT NULL,
    lapses text
);
COMMENT ON COLUMN public.followup_due.sequence IS 'of the batch the record was in';
COMMENT ON COLUMN public.followup_due.key IS 'business key of the record that brought it about';
COMMENT ON COLUMN public.followup_due.rule IS 'id of the follow-up';
COMMENT ON COLUMN public.followup_due.subject IS 'what it is about, such as a certificate number';
COMMENT ON COLUMN public.followup_due.since IS 'first day on which it can be settled';
COMMENT ON COLUMN public.followup_due.lapses IS 'day after which nothing is to be done any more';
CREATE TABLE public.followup_met (
    lane_id integer NOT NULL,
    sequence bigint NOT NULL,
    key text NOT NULL,
    rule text NOT NULL,
    subject text NOT NULL,
    day text NOT NULL
);
COMMENT ON COLUMN public.followup_met.key IS 'business key of the record that settles it';
CREATE TABLE public.followup_scan (
    lane_id integer NOT NULL,
    sequence bigint NOT NULL,
    unread integer NOT NULL,
    rules text NOT NULL
);
COMMENT ON COLUMN public.followup_scan.sequence IS 'last batch that was looked through';
COMMENT ON COLUMN public.followup_scan.unread IS 'batches the retention had removed before';
COMMENT ON COLUMN public.followup_scan.rules IS 'digest of the follow-ups it was looked through for';
CREATE TABLE public.inspector_entry (
    from_version bigint NOT NULL,
    unit text NOT NULL,
    number text NOT NULL,
    name text NOT NULL,
    employer text,
    authority text NOT NULL,
    authority_uscc text,
    regime text NOT NULL,
    level text,
    issue_date text NOT NULL,
    valid_from text,
    valid_until text,
    status text NOT NULL,
    status_date text,
    status_note text,
    record text NOT NULL,
    scopes text,
    until_version bigint
);
COMMENT ON COLUMN public.inspector_entry.until_version IS 'first version that no longer said so; null while it holds';
CREATE TABLE public.inspector_list (
    version bigint NOT NULL,
    issued_at text NOT NULL,
    digest bytea NOT NULL,
    chain bytea NOT NULL,
    entries integer NOT NULL,
    form text NOT NULL,
    added integer NOT NULL,
    changed integer NOT NULL,
    removed integer NOT NULL,
    algorithm text NOT NULL,
    key_id text NOT NULL,
    file text NOT NULL,
    file_digest bytea NOT NULL,
    taken_at text NOT NULL
);
COMMENT ON COLUMN public.inspector_list.version IS 'headquarters'' number of it';
COMMENT ON COLUMN public.inspector_list.issued_at IS 'as headquarters wrote it';
COMMENT ON COLUMN public.inspector_list.digest IS 'of the entries';
COMMENT ON COLUMN public.inspector_list.chain IS 'of this version and all before it';
COMMENT ON COLUMN public.inspector_list.form IS 'full, changes';
COMMENT ON COLUMN public.inspector_list.file IS 'stage name of the exact bytes';
CREATE TABLE public.inspector_refusal (
    id bigint NOT NULL,
    name text NOT NULL,
    code text NOT NULL,
    reason text NOT NULL,
    file text NOT NULL,
    file_digest bytea NOT NULL,
    taken_at text NOT NULL
);
COMMENT ON COLUMN public.inspector_refusal.name IS 'name at headquarters: data, never a path here';
COMMENT ON COLUMN public.inspector_refusal.file IS 'stage name of the exact bytes';
CREATE SEQUENCE public.inspector_refusal_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;
ALTER SEQUENCE public.inspector_refusal_id_seq OWNED BY public.inspector_refusal.id;
CREATE TABLE public.inspector_scan (
    lane_id integer NOT NULL,
    sequence bigint NOT NULL,
    unread integer NOT NULL
);
COMMENT ON COLUMN public.inspector_scan.sequence IS 'last batch that was read';
COMMENT ON COLUMN public.inspector_scan.unread IS 'batches whose packages the retention had removed before';
CREATE TABLE public.inspector_visit (
    lane_id integer NOT NULL,
    key text NOT NULL,
    sequence bigint NOT NULL,
    day text,
    number text NOT NULL
);
COMMENT ON COLUMN public.inspector_visit.key IS 'case number';
COMMENT ON COLUMN public.inspector_visit.sequence IS 'batch that carries this version of the approval';
COMMENT ON COLUMN public.inspector_visit.day IS 'day of the visit; null where the record has none';
COMMENT ON COLUMN public.inspector_visit.number IS 'number of the inspector certificate';
CREATE TABLE public.inspector_writeback (
    unit text NOT NULL,
    version bigint,
    target text,
    entries integer,
    written_at text,
    error text,
    tried_at text NOT NULL
);
COMMENT ON COLUMN public.inspector_writeback.version IS 'version the unit has; null while it has none';
COMMENT ON COLUMN public.inspector_writeback.target IS 'table or file it was written to';
COMMENT ON COLUMN public.inspector_writeback.error IS 'why the last try failed; null when it went through';
CREATE TABLE public.lane (
    id integer NOT NULL,
    unit text NOT NULL,
    kind text NOT NULL,
    next_sequence bigint NOT NULL,
    previous_manifest bytea,
    watermark text,
    fence bigint NOT NULL,
    lease_owner text,
    lease_until text,
    held_reason text
);
COMMENT ON COLUMN public.lane.next_sequence IS 'sequence of the next batch, from 1, gap-free';
COMMENT ON COLUMN public.lane.previous_manifest IS 'SHA-256 of the last sealed manifest';
COMMENT ON COLUMN public.lane.watermark IS 'JSON of the last extracted position';
COMMENT ON COLUMN public.lane.fence IS 'fencing number: grows with each lease';
COMMENT ON COLUMN public.lane.held_reason IS 'why this lane must not send; null = may send';
CREATE TABLE public.lane_content (
    id bigint NOT NULL,
    lane_id integer NOT NULL,
    fingerprint text NOT NULL,
    bundle text NOT NULL,
    run_id text NOT NULL,
    at text NOT NULL
);
COMMENT ON COLUMN public.lane_content.fingerprint IS 'digest of what of the content decides about this lane';
COMMENT ON COLUMN public.lane_content.bundle IS 'content bundle it was first used from';
CREATE SEQUENCE public.lane_content_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;
ALTER SEQUENCE public.lane_content_id_seq OWNED BY public.lane_content.id;
CREATE SEQUENCE public.lane_id_seq
    AS integer
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;
ALTER SEQUENCE public.lane_id_seq OWNED BY public.lane.id;
CREATE TABLE public.receipt (
    id bigint NOT NULL,
    batch_id text,
    unit text NOT NULL,
    level text,
    receipt_id text,
    number bigint,
    issued_at text,
    name text NOT NULL,
    digest bytea NOT NULL,
    file text NOT NULL,
    verdict text NOT NULL,
    reason text,
    taken_at text NOT NULL
);
COMMENT ON COLUMN public.receipt.batch_id IS 'null when it names no batch of ours';
COMMENT ON COLUMN public.receipt.receipt_id IS 'id headquarters gave it';
COMMENT ON COLUMN public.receipt.number IS 'gap-free receipt number of headquarters';
COMMENT ON COLUMN public.receipt.name IS 'name at headquarters: data, never a path here';
COMMENT ON COLUMN public.receipt.file IS 'stage name of the exact bytes';
COMMENT ON COLUMN public.receipt.verdict IS 'accepted, refused';
CREATE SEQUENCE public.receipt_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;
ALTER SEQUENCE public.receipt_id_seq OWNED BY public.receipt.id;
CREATE TABLE public.reconciliation (
    id bigint NOT NULL,
    run_id text NOT NULL,
    lane_id integer NOT NULL,
    at text NOT NULL,
    scope text NOT NULL,
    sequence bigint NOT NULL,
    cutoff bigint NOT NULL,
    records_here bigint NOT NULL,
    records_there bigint,
    digest_here bytea NOT NULL,
    digest_there bytea,
    source_rows bigint,
    questions integer NOT NULL,
    requests integer NOT NULL,
    counts text NOT NULL,
    repaired text NOT NULL
);
COMMENT ON COLUMN public.reconciliation.scope IS 'headquarters, source, both: what was compared with the ledger';
COMMENT ON COLUMN public.reconciliation.sequence IS 'last batch that counts';
COMMENT ON COLUMN public.reconciliation.cutoff IS 'receipt number up to which headquarters was compared';
COMMENT ON COLUMN public.reconciliation.records_there IS 'null when headquarters was not asked';
COMMENT ON COLUMN public.reconciliation.source_rows IS 'rows the sweep read; null without one';
COMMENT ON COLUMN public.reconciliation.questions IS 'files asked';
COMMENT ON COLUMN public.reconciliation.requests IS 'nodes and buckets asked for in them';
COMMENT ON COLUMN public.reconciliation.counts IS 'JSON: side/class to number of differences found';
COMMENT ON COLUMN public.reconciliation.repaired IS 'JSON: resent, queued';
CREATE SEQUENCE public.reconciliation_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;
ALTER SEQUENCE public.reconciliation_id_seq OWNED BY public.reconciliation.id;
CREATE TABLE public.record_version (
    lane_id integer NOT NULL,
    key text NOT NULL,
    sequence bigint NOT NULL,
    digest bytea NOT NULL,
    previous bytea,
    "position" integer NOT NULL,
    ordering text,
    extraction_id bigint NOT NULL,
    source_row integer NOT NULL,
    facts text,
    fact bigint
);
COMMENT ON COLUMN public.record_version.key IS 'business key';
COMMENT ON COLUMN public.record_version.sequence IS 'sequence of the batch that carries this version';
COMMENT ON COLUMN public.record_version.digest IS 'version digest';
COMMENT ON COLUMN public.record_version.previous IS 'digest of the version sent before, null for the first';
COMMENT ON COLUMN public.record_version."position" IS 'place in the batch, from 0';
COMMENT ON COLUMN public.record_version.ordering IS 'newest_by sort key; null where the mapping declares none';
COMMENT ON COLUMN public.record_version.source_row IS 'row in the stored extraction, from 0';
COMMENT ON COLUMN public.record_version.facts IS 'JSON: fields that rules look back at; null where no rule does';
COMMENT ON COLUMN public.record_version.fact IS 'fact class, for the report';
CREATE TABLE public.report_fact (
    lane_id integer NOT NULL,
    sequence bigint NOT NULL,
    class_id bigint NOT NULL,
    fresh integer NOT NULL,
    replaced integer NOT NULL
);
COMMENT ON COLUMN public.report_fact.sequence IS 'sequence of the batch';
COMMENT ON COLUMN public.report_fact.class_id IS 'fact class';
COMMENT ON COLUMN public.report_fact.fresh IS 'record versions of this class in the batch';
COMMENT ON COLUMN public.report_fact.replaced IS 'versions of this class that versions in the batch replaced';
CREATE TABLE public.report_message (
    id text NOT NULL,
    unit text NOT NULL,
    month text NOT NULL,
    edition integer NOT NULL,
    data_digest bytea NOT NULL,
    records integer NOT NULL,
    manifest_digest bytea NOT NULL,
    parts text NOT NULL,
    package text NOT NULL,
    package_digest bytea NOT NULL,
    package_size bigint NOT NULL,
    state text NOT NULL,
    attempts integer DEFAULT 0 NOT NULL,
    last_error text,
    sealed_at text NOT NULL,
    sent_at text,
    settled_at text,
    receipt text,
    receipt_digest bytea
);
COMMENT ON COLUMN public.report_message.id IS 'unit-report-yyyymmnn: month and edition';
COMMENT ON COLUMN public.report_message.edition IS 'from 1; a later edition replaces the earlier ones';
COMMENT ON COLUMN public.report_message.data_digest IS 'SHA-256 of report.json';
COMMENT ON COLUMN public.report_message.records IS 'numbers the report''s tables show';
COMMENT ON COLUMN public.report_message.parts IS 'JSON: name, digest algorithm, digest of each part';
COMMENT ON COLUMN public.report_message.package IS 'stage name of the exact bytes to send';
COMMENT ON COLUMN public.report_message.state IS 'sealed, sent, received, rejected';
COMMENT ON COLUMN public.report_message.receipt IS 'stage name of the receipt that settled it';
CREATE TABLE public.run (
    id text NOT NULL,
    flow text NOT NULL,
    started_at text NOT NULL,
    ended_at text,
    state text NOT NULL,
    bundle text NOT NULL,
    engine text NOT NULL,
    message text,
    owner text
);
COMMENT ON COLUMN public.run.id IS 'sortable: start time and a random tail';
COMMENT ON COLUMN public.run.state IS 'running, done, failed';
COMMENT ON COLUMN public.run.bundle IS 'digest of the content bundle';
COMMENT ON COLUMN public.run.engine IS 'version of this package';
COMMENT ON COLUMN public.run.message IS 'what went wrong, without record values';
COMMENT ON COLUMN public.run.owner IS 'process that runs it, as a lease names its owner';
CREATE TABLE public.run_count (
    run_id text NOT NULL,
    lane_id integer NOT NULL,
    extracted bigint DEFAULT '0'::bigint NOT NULL,
    unchanged bigint DEFAULT '0'::bigint NOT NULL,
    superseded bigint DEFAULT '0'::bigint NOT NULL,
    batched bigint DEFAULT '0'::bigint NOT NULL,
    dead_new bigint DEFAULT '0'::bigint NOT NULL,
    dead_known bigint DEFAULT '0'::bigint NOT NULL,
    flagged bigint DEFAULT '0'::bigint NOT NULL,
    sent bigint DEFAULT '0'::bigint NOT NULL,
    loaded bigint DEFAULT '0'::bigint NOT NULL,
    rejected bigint DEFAULT '0'::bigint NOT NULL,
    error text
);
COMMENT ON COLUMN public.run_count.error IS 'JSON: why a phase of this lane failed in this run';
CREATE TABLE public.stop_order (
    id bigint NOT NULL,
    unit text,
    kind text,
    reason text NOT NULL,
    by text NOT NULL,
    at text NOT NULL,
    lifted_at text,
    lifted_by text
);
COMMENT ON COLUMN public.stop_order.unit IS 'null stops every unit';
COMMENT ON COLUMN public.stop_order.kind IS 'null stops every record kind';
COMMENT ON COLUMN public.stop_order.lifted_at IS 'null while the order stands';
CREATE SEQUENCE public.stop_order_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;
ALTER SEQUENCE public.stop_order_id_seq OWNED BY public.stop_order.id;
ALTER TABLE ONLY public.accepted_plan ALTER COLUMN id SET DEFAULT nextval('public.accepted_plan_id_seq'::regclass);
ALTER TABLE ONLY public.attempt ALTER COLUMN id SET DEFAULT nextval('public.attempt_id_seq'::regclass);
ALTER TABLE ONLY public.audit_arrival ALTER COLUMN id SET DEFAULT nextval('public.audit_arrival_id_seq'::regclass);
ALTER TABLE ONLY public.audit_message ALTER COLUMN id SET DEFAULT nextval('public.audit_message_id_seq'::regclass);
ALTER TABLE ONLY public.audit_paper ALTER COLUMN id SET DEFAULT nextval('public.audit_paper_id_seq'::regclass);
ALTER TABLE ONLY public.correction ALTER COLUMN id SET DEFAULT nextval('public.correction_id_seq'::regclass);
ALTER TABLE ONLY public.dead_letter ALTER COLUMN id SET DEFAULT nextval('public.dead_letter_id_seq'::regclass);
ALTER TABLE ONLY public.difference ALTER COLUMN id SET DEFAULT nextval('public.difference_id_seq'::regclass);
ALTER TABLE ONLY public.drift ALTER COLUMN id SET DEFAULT nextval('public.drift_id_seq'::regclass);
ALTER TABLE ONLY public.extraction ALTER COLUMN id SET DEFAULT nextval('public.extraction_id_seq'::regclass);
ALTER TABLE ONLY public.fact_class ALTER COLUMN id SET DEFAULT nextval('public.fact_class_id_seq'::regclass);
ALTER TABLE ONLY public.finding ALTER COLUMN id SET DEFAULT nextval('public.finding_id_seq'::regclass);
ALTER TABLE ONLY public.inspector_refusal ALTER COLUMN id SET DEFAULT nextval('public.inspector_refusal_id_seq'::regclass);
ALTER TABLE ONLY public.lane ALTER COLUMN id SET DEFAULT nextval('public.lane_id_seq'::regclass);
ALTER TABLE ONLY public.lane_content ALTER COLUMN id SET DEFAULT nextval('public.lane_content_id_seq'::regclass);
ALTER TABLE ONLY public.receipt ALTER COLUMN id SET DEFAULT nextval('public.receipt_id_seq'::regclass);
ALTER TABLE ONLY public.reconciliation ALTER COLUMN id SET DEFAULT nextval('public.reconciliation_id_seq'::regclass);
ALTER TABLE ONLY public.stop_order ALTER COLUMN id SET DEFAULT nextval('public.stop_order_id_seq'::regclass);
INSERT INTO public.alembic_version VALUES ('0004');
INSERT INTO public.attempt VALUES (1, '320000-certificate-00000001', '20261123T023000-111471', '2026-11-23T02:30:00.029000+08:00', 'sent', NULL);
INSERT INTO public.attempt VALUES (2, '320000-certificate-00000002', '20261123T023000-111471', '2026-11-23T02:30:00.036000+08:00', 'sent', NULL);
INSERT INTO public.attempt VALUES (3, '320000-certificate-00000003', '20261123T023000-111471', '2026-11-23T02:30:00.062000+08:00', 'sent', NULL);
INSERT INTO public.attempt VALUES (4, '320000-certificate-00000004', '20261123T023000-111471', '2026-11-23T02:30:00.065000+08:00', 'sent', NULL);
INSERT INTO public.attempt VALUES (5, '320000-certificate-00000005', '20261124T023000-751d0d', '2026-11-24T02:30:00.111000+08:00', 'sent', NULL);
INSERT INTO public.attempt VALUES (6, '320000-certificate-00000006', '20261125T023000-6ba804', '2026-11-25T02:30:00.141000+08:00', 'transient', 'ECQS-5001 127.0.0.1:35333: headquarters cannot be reached (Connection refused) Next: it is tried again; if it stays so, check host, port and firewall');
INSERT INTO public.attempt VALUES (7, '320000-certificate-00000006', '20261125T023000-6ba804', '2026-11-25T02:30:00.144000+08:00', 'transient', 'ECQS-5001 127.0.0.1:35333: headquarters cannot be reached (Connection refused) Next: it is tried again; if it stays so, check host, port and firewall');
INSERT INTO public.attempt VALUES (8, '320000-certificate-00000006', '20261126T023000-f6f0d9', '2026-11-26T02:30:00.153000+08:00', 'transient', 'ECQS-5001 127.0.0.1:35333: headquarters cannot be reached (Connection refused) Next: it is tried again; if it stays so, check host, port and firewall');
INSERT INTO public.attempt VALUES (9, '320000-certificate-00000006', '20261126T023000-f6f0d9', '2026-11-26T02:30:00.157000+08:00', 'transient', 'ECQS-5001 127.0.0.1:35333: headquarters cannot be reached (Connection refused) Next: it is tried again; if it stays so, check host, port and firewall');
INSERT INTO public.batch VALUES ('320000-certificate-00000002', 1, 2, '20261123T023000-111471', 3, 'ecqs_national', 'sha256:52fe2d605ebd5076b2ce36f512eb2f8c78fc247646c37c2b0f3ed05086049588', '0.1.0', '\x3c3f786d6c2076657273696f6e3d22312e302220656e636f64696e673d225554462d38223f3e0a3c6d616e696665737420786d6c6e733d2275726e3a656371732d676174657761793a65786368616e67653a312e30222062617463683d223332303030302d63657274696669636174652d30303030303030322220756e69743d2233323030303022206b696e643d226365727469666963617465222073657175656e63653d22322220637265617465643d22323032362d31312d32335430323a33303a30302e3031363030302b30383a30302220736368656d613d22312e302220636f6e74656e743d227368613235363a353266653264363035656264353037366232636533366635313265623266386337386663323437363436633337633262306633656430353038363034393538382220656e67696e653d22302e312e3022207265636f7264733d223322207369676e61747572653d226564323535313922206b65793d2231393130386534643039653061653463222070726576696f75733d2263613964326561616230386563643638623133326630666162613036303566663430616563383630333638343261363864366665306166316663643635343338222065766964656e63653d2236303935346162373431623433666133386638303265373131633630303532306664383935346535343832373339353239306237646362643333373537636366222065766964656e63652d656e7472793d2234223e3c70617274206e616d653d2262617463682e786d6c2e677a22206d656469613d226170706c69636174696f6e2f677a697022206469676573742d616c676f726974686d3d227368612d32353622206469676573743d2265386333383664316164373535626163333630666433326330663130663637663264373532346530343737323737316166346263386532396231323034376534222073697a653d223639352220696e666c617465643d2231383639223e3c2f706172743e3c2f6d616e69666573743e', '\xb90eb1abe30184fecb3c66a7f021b7ffc0eed8044564f641666b037537b464ca', '[["batch.xml.gz", "sha-256", "e8c386d1ad755bac360fd32c0f10f67f2d7524e04772771af4bc8e29b12047e4"]]', 'outbox/320000/certificate/000001-320000-certificate-00000002.zip', '\xbb5525a036c0b485469aabc35709f430ae2dd694708736fb1f5fa08a46d8abf0', 1921, 'loaded', 0, 1, NULL, NULL, '2026-11-23T02:30:00.021000+08:00', '2026-11-23T02:30:00.036000+08:00', '2026-11-23T02:30:00.059000+08:00', NULL);
INSERT INTO public.batch VALUES ('320000-certificate-00000001', 1, 1, '20261123T023000-111471', 7, 'ecqs_national', 'sha256:52fe2d605ebd5076b2ce36f512eb2f8c78fc247646c37c2b0f3ed05086049588', '0.1.0', '\x3c3f786d6c2076657273696f6e3d22312e302220656e636f64696e673d225554462d38223f3e0a3c6d616e696665737420786d6c6e733d2275726e3a656371732d676174657761793a65786368616e67653a312e30222062617463683d223332303030302d63657274696669636174652d30303030303030312220756e69743d2233323030303022206b696e643d226365727469666963617465222073657175656e63653d22312220637265617465643d22323032362d31312d32335430323a33303a30302e3031353030302b30383a30302220736368656d613d22312e302220636f6e74656e743d227368613235363a353266653264363035656264353037366232636533366635313265623266386337386663323437363436633337633262306633656430353038363034393538382220656e67696e653d22302e312e3022207265636f7264733d223722207369676e61747572653d226564323535313922206b65793d2231393130386534643039653061653463222065766964656e63653d2236303935346162373431623433666133386638303265373131633630303532306664383935346535343832373339353239306237646362643333373537636366222065766964656e63652d656e7472793d2234223e3c70617274206e616d653d2262617463682e786d6c2e677a22206d656469613d226170706c69636174696f6e2f677a697022206469676573742d616c676f726974686d3d227368612d32353622206469676573743d2238613535303231356530366165346635353430396236373938353763386135653537353839613736373963343066353563363938616237613138303663383736222073697a653d223839332220696e666c617465643d2233393439223e3c2f706172743e3c2f6d616e69666573743e', '\xca9d2eaab08ecd68b132f0faba0605ff40aec86036842a68d6fe0af1fcd65438', '[["batch.xml.gz", "sha-256", "8a550215e06ae4f55409b679857c8a5e57589a7679c40f55c698ab7a1806c876"]]', 'outbox/320000/certificate/000001-320000-certificate-00000001.zip', '\xb11509d358e419c4c714318e7f8c41faa9f9a17a5ad8591d90ed517e689b14b8', 2043, 'loaded', 0, 1, NULL, NULL, '2026-11-23T02:30:00.020000+08:00', '2026-11-23T02:30:00.029000+08:00', '2026-11-23T02:30:00.048000+08:00', NULL);
INSERT INTO public.batch VALUES ('320000-certificate-00000003', 1, 3, '20261123T023000-111471', 7, 'ecqs_national', 'sha256:52fe2d605ebd5076b2ce36f512eb2f8c78fc247646c37c2b0f3ed05086049588', '0.1.0', '\x3c3f786d6c2076657273696f6e3d22312e302220656e636f64696e673d225554462d38223f3e0a3c6d616e696665737420786d6c6e733d2275726e3a656371732d676174657761793a65786368616e67653a312e30222062617463683d223332303030302d63657274696669636174652d30303030303030332220756e69743d2233323030303022206b696e643d226365727469666963617465222073657175656e63653d22332220637265617465643d22323032362d31312d32335430323a33303a30302e3031383030302b30383a30302220736368656d613d22312e302220636f6e74656e743d227368613235363a353266653264363035656264353037366232636533366635313265623266386337386663323437363436633337633262306633656430353038363034393538382220656e67696e653d22302e312e3022207265636f7264733d223722207369676e61747572653d226564323535313922206b65793d2231393130386534643039653061653463222070726576696f75733d2262393065623161626533303138346665636233633636613766303231623766666330656564383034343536346636343136363662303337353337623436346361222065766964656e63653d2237663262643562393133376633386166313130633434383661633037643866363335323766316335623037303536656331366433623836396537393933633634222065766964656e63652d656e7472793d2237223e3c70617274206e616d653d2262617463682e786d6c2e677a22206d656469613d226170706c69636174696f6e2f677a697022206469676573742d616c676f726974686d3d227368612d32353622206469676573743d2231633964373231646562633338386432643433626438353736353835386434636432376139393631643930323332663866663933643133356365316331336366222073697a653d223839352220696e666c617465643d2233393439223e3c2f706172743e3c2f6d616e69666573743e', '\xe1c1782ac0650eae85c73e4f51ec5ed9370cc485f6a0201d691857f9f6e74fcc', '[["batch.xml.gz", "sha-256", "1c9d721debc388d2d43bd85765858d4cd27a9961d90232f8ff93d135ce1c13cf"]]', 'outbox/320000/certificate/000001-320000-certificate-00000003.zip', '\x947c875e17941b02de297ae72817d87749477226cf294ad364ee8d574bb75ed5', 2121, 'loaded', 0, 1, NULL, NULL, '2026-11-23T02:30:00.027000+08:00', '2026-11-23T02:30:00.062000+08:00', '2026-11-23T02:30:00.077000+08:00', NULL);
INSERT INTO public.batch VALUES ('320000-certificate-00000004', 1, 4, '20261123T023000-111471', 2, 'ecqs_national', 'sha256:52fe2d605ebd5076b2ce36f512eb2f8c78fc247646c37c2b0f3ed05086049588', '0.1.0', '\x3c3f786d6c2076657273696f6e3d22312e302220656e636f64696e673d225554462d38223f3e0a3c6d616e696665737420786d6c6e733d2275726e3a656371732d676174657761793a65786368616e67653a312e30222062617463683d223332303030302d63657274696669636174652d30303030303030342220756e69743d2233323030303022206b696e643d226365727469666963617465222073657175656e63653d22342220637265617465643d22323032362d31312d32335430323a33303a30302e3031393030302b30383a30302220736368656d613d22312e302220636f6e74656e743d227368613235363a353266653264363035656264353037366232636533366635313265623266386337386663323437363436633337633262306633656430353038363034393538382220656e67696e653d22302e312e3022207265636f7264733d223222207369676e61747572653d226564323535313922206b65793d2231393130386534643039653061653463222070726576696f75733d2265316331373832616330363530656165383563373365346635316563356564393337306363343835663661303230316436393138353766396636653734666363222065766964656e63653d2237663262643562393133376633386166313130633434383661633037643866363335323766316335623037303536656331366433623836396537393933633634222065766964656e63652d656e7472793d2237223e3c70617274206e616d653d2262617463682e786d6c2e677a22206d656469613d226170706c69636174696f6e2f677a697022206469676573742d616c676f726974686d3d227368612d32353622206469676573743d2236366233316164326631333335636137386239353534313136643333383164343166663534623834623765663364376138613534623730383765326464343339222073697a653d223633382220696e666c617465643d2231333439223e3c2f706172743e3c2f6d616e69666573743e', '\xfe6096ef2afb7d4c334ad14a45ffc201f23348c7dfab3da478b23078fcf6ff99', '[["batch.xml.gz", "sha-256", "66b31ad2f1335ca78b9554116d3381d41ff54b84b7ef3d7a8a54b7087e2dd439"]]', 'outbox/320000/certificate/000001-320000-certificate-00000004.zip', '\xc675eff94cca67aa934ea497003782c6d6e80575afef40c3910310d6896534e9', 1864, 'loaded', 0, 1, NULL, NULL, '2026-11-23T02:30:00.028000+08:00', '2026-11-23T02:30:00.065000+08:00', '2026-11-23T02:30:00.088000+08:00', NULL);
INSERT INTO public.batch VALUES ('320000-certificate-00000005', 1, 5, '20261124T023000-751d0d', 3, 'ecqs_national', 'sha256:52fe2d605ebd5076b2ce36f512eb2f8c78fc247646c37c2b0f3ed05086049588', '0.1.0', '\x3c3f786d6c2076657273696f6e3d22312e302220656e636f64696e673d225554462d38223f3e0a3c6d616e696665737420786d6c6e733d2275726e3a656371732d676174657761793a65786368616e67653a312e30222062617463683d223332303030302d63657274696669636174652d30303030303030352220756e69743d2233323030303022206b696e643d226365727469666963617465222073657175656e63653d22352220637265617465643d22323032362d31312d32345430323a33303a30302e3130343030302b30383a30302220736368656d613d22312e302220636f6e74656e743d227368613235363a353266653264363035656264353037366232636533366635313265623266386337386663323437363436633337633262306633656430353038363034393538382220656e67696e653d22302e312e3022207265636f7264733d223322207369676e61747572653d226564323535313922206b65793d2231393130386534643039653061653463222070726576696f75733d2266653630393665663261666237643463333334616431346134356666633230316632333334386337646661623364613437386232333037386663663666663939222065766964656e63653d2238363463653638353265396563613661613432373239613539326136613638643235623238336465626536643431623333666331363661383763653031373866222065766964656e63652d656e7472793d223331223e3c70617274206e616d653d2262617463682e786d6c2e677a22206d656469613d226170706c69636174696f6e2f677a697022206469676573742d616c676f726974686d3d227368612d32353622206469676573743d2261356266396237663261386562383263343763653331326662303463626234663137366431353862303436646439346237323062316666303034633932333866222073697a653d223834352220696e666c617465643d2232323937223e3c2f706172743e3c2f6d616e69666573743e', '\xf23da9d214201e8dc627de6435e2406afa52a1e9ddfa76347fb581bdcc8c27ff', '[["batch.xml.gz", "sha-256", "a5bf9b7f2a8eb82c47ce312fb04cbb4f176d158b046dd94b720b1ff004c9238f"]]', 'outbox/320000/certificate/000002-320000-certificate-00000005.zip', '\x819a2f640c836bdc660dcd5b625d1e530654db4ad374ce7e319fb30669ac906b', 2072, 'loaded', 0, 1, NULL, NULL, '2026-11-24T02:30:00.106000+08:00', '2026-11-24T02:30:00.111000+08:00', '2026-11-24T02:30:00.123000+08:00', NULL);
INSERT INTO public.batch VALUES ('320000-certificate-00000006', 1, 6, '20261125T023000-6ba804', 5, 'ecqs_national', 'sha256:52fe2d605ebd5076b2ce36f512eb2f8c78fc247646c37c2b0f3ed05086049588', '0.1.0', '\x3c3f786d6c2076657273696f6e3d22312e302220656e636f64696e673d225554462d38223f3e0a3c6d616e696665737420786d6c6e733d2275726e3a656371732d676174657761793a65786368616e67653a312e30222062617463683d223332303030302d63657274696669636174652d30303030303030362220756e69743d2233323030303022206b696e643d226365727469666963617465222073657175656e63653d22362220637265617465643d22323032362d31312d32355430323a33303a30302e3133343030302b30383a30302220736368656d613d22312e302220636f6e74656e743d227368613235363a353266653264363035656264353037366232636533366635313265623266386337386663323437363436633337633262306633656430353038363034393538382220656e67696e653d22302e312e3022207265636f7264733d223522207369676e61747572653d226564323535313922206b65793d2231393130386534643039653061653463222070726576696f75733d2266323364613964323134323031653864633632376465363433356532343036616661353261316539646466613736333437666235383162646363386332376666222065766964656e63653d2230663431343938366331306339326135346335383334363732333339343962636134633236623663303561353763363363323137363861353439366330306133222065766964656e63652d656e7472793d223430223e3c70617274206e616d653d2262617463682e786d6c2e677a22206d656469613d226170706c69636174696f6e2f677a697022206469676573742d616c676f726974686d3d227368612d32353622206469676573743d2231636136383461363065346530653335323264363465653230363864333461303462386565383236623063613363363363356135393735356635363138343239222073697a653d223739352220696e666c617465643d2232393039223e3c2f706172743e3c2f6d616e69666573743e', '\x1af65791b54ec90cfd56d666d0d1d610d58474b35afe94ab56d48d4706347e4a', '[["batch.xml.gz", "sha-256", "1ca684a60e4e0e3522d64ee2068d34a04b8ee826b0ca3c63c5a59755f5618429"]]', 'outbox/320000/certificate/000003-320000-certificate-00000006.zip', '\xbea90f3a6b1b49ab25779498d8d8aa8eef107b75eb681951a653005002c26673', 2022, 'sealed', 0, 4, '2026-11-26T02:30:00.167800+08:00', 'ECQS-5001 127.0.0.1:35333: headquarters cannot be reached (Connection refused) Next: it is tried again; if it stays so, check host, port and firewall', '2026-11-25T02:30:00.136000+08:00', NULL, NULL, NULL);
INSERT INTO public.content_bundle VALUES ('sha256:52fe2d605ebd5076b2ce36f512eb2f8c78fc247646c37c2b0f3ed05086049588', 'content/52fe2d605ebd5076b2ce36f512eb2f8c78fc247646c37c2b0f3ed05086049588.zip', '\x9dc48d3196f9cdfa320bb8088c3c24823175de84faef1c8c8a2e79f78daa5a71', 555105, '0.1.0', '2026-11-23T02:30:00.001000+08:00');
INSERT INTO public.dead_letter VALUES (1, 1, '200b626c4c600ea68374d3ffc45b671786a901e88b1696b3a929c2dc308277c1', 'mapping', '(苏)XK06-001-00020', '20', NULL, NULL, 2, 9, '[{"field":"issue_date","column":"fzrq","rule":"ECQS-1240","severity":"reject","clause":null,"message":"日期无法识别，应为年月日，如 2020-01-05"}]', '{"id":"20","zsbh":"苏XK06-001-00020","qymc":"远山电缆有限公司","tyshxydm":"91440300192317458F","cpmc":"架空绞线","fzrq":"昨天","yxqz":"2029-02-28","zt":"有效","gxsj":"2026-11-20 08:00:00"}', '{"number":"(苏)XK06-001-00020","holder.name":"远山电缆有限公司","holder.uscc":"91440300192317458F","holder.address":null,"test_method":null,"authority.name":"某某市场监督管理局","authority.uscc":null,"authority.area":"320000","issue_date":null,"valid_from":null,"valid_until":"2029-02-28","status":"01","status_cause":null,"status_note":null,"closing_date":null,"publicity_date":null,"electronic_licence.id":null,"electronic_licence.file_digest":null,"products":[{"name":"架空绞线","product_class":null,"variety":null,"unit":null,"model":null}]}', 'sha256:52fe2d605ebd5076b2ce36f512eb2f8c78fc247646c37c2b0f3ed05086049588', '0.1.0', 'resolved', '20261123T023000-111471', '20261123T023000-111471', '2026-11-23T02:30:00.031000+08:00', '2026-11-24T02:30:00.107000+08:00', 'version 8b5f82d555f3a004fd384a912f7c03a5373b34db8b5e64e17a7584c2d015400c', NULL);
INSERT INTO public.evidence VALUES (1, '2026-11-23T02:30:00.002000+08:00', 'content kept', 'sha256:52fe2d605ebd5076b2ce36f512eb2f8c78fc247646c37c2b0f3ed05086049588', '{"archive":"9dc48d3196f9cdfa320bb8088c3c24823175de84faef1c8c8a2e79f78daa5a71","files":82,"size":555105}', '\x4e6b53e1c464ef5d7e25ce0c07bc353998c8d6754d6ce619d4738f8d8b40c319', '\xab15176f06fb5e2af340bde70aa4843a5417788c79f5487b0ea6fa0688d92586');
INSERT INTO public.evidence VALUES (2, '2026-11-23T02:30:00.004000+08:00', 'run started', '20261123T023000-111471', '{"bundle":"sha256:52fe2d605ebd5076b2ce36f512eb2f8c78fc247646c37c2b0f3ed05086049588","engine":"0.1.0","flow":"nightly"}', '\xab15176f06fb5e2af340bde70aa4843a5417788c79f5487b0ea6fa0688d92586', '\xdb26ccf53909b396da941a9292e23a1e4a0f5fc34c4e349cf978edc87a16025e');
INSERT INTO public.evidence VALUES (3, '2026-11-23T02:30:00.009000+08:00', 'extracted', '320000/certificate/1', '{"files":{"rows":"6692239b4f7528301881b76d29944ab352381204588afb494d78af087cf0ff19"},"rows":10}', '\xdb26ccf53909b396da941a9292e23a1e4a0f5fc34c4e349cf978edc87a16025e', '\x0653593332d2b8572b8a777fc6ac9144bb68354de942b842f82e2b734d61dc18');
INSERT INTO public.evidence VALUES (4, '2026-11-23T02:30:00.013000+08:00', 'extracted', '320000/certificate/2', '{"files":{"rows":"72470991c064c27476fbcc9c1a275d30acad70a5d10295f38670b9f764df4969"},"rows":10}', '\x0653593332d2b8572b8a777fc6ac9144bb68354de942b842f82e2b734d61dc18', '\x60954ab741b43fa38f802e711c600520fd8954e54827395290b7dcbd33757ccf');
INSERT INTO public.evidence VALUES (5, '2026-11-23T02:30:00.022000+08:00', 'sealed', '320000-certificate-00000001', '{"extraction":1,"manifest":"ca9d2eaab08ecd68b132f0faba0605ff40aec86036842a68d6fe0af1fcd65438","package":"b11509d358e419c4c714318e7f8c41faa9f9a17a5ad8591d90ed517e689b14b8","records":7}', '\x60954ab741b43fa38f802e711c600520fd8954e54827395290b7dcbd33757ccf', '\x1732bb167d665e54953e327ac0bcccb89c56400edeebc53001b70ad9a87e41cb');
INSERT INTO public.evidence VALUES (6, '2026-11-23T02:30:00.023000+08:00', 'sealed', '320000-certificate-00000002', '{"extraction":1,"manifest":"b90eb1abe30184fecb3c66a7f021b7ffc0eed8044564f641666b037537b464ca","package":"bb5525a036c0b485469aabc35709f430ae2dd694708736fb1f5fa08a46d8abf0","records":3}', '\x1732bb167d665e54953e327ac0bcccb89c56400edeebc53001b70ad9a87e41cb', '\x77e3e51f37d690ec75753e44f2ac7c3deb949689313230ca3e028cf850ed401a');
INSERT INTO public.evidence VALUES (7, '2026-11-23T02:30:00.024000+08:00', 'prepared', '320000/certificate/1', '{"counts":{"batched":10,"extracted":10},"resolved":0}', '\x77e3e51f37d690ec75753e44f2ac7c3deb949689313230ca3e028cf850ed401a', '\x7f2bd5b9137f38af110c4486ac07d8f63527f1c5b07056ec16d3b869e7993c64');
INSERT INTO public.evidence VALUES (8, '2026-11-23T02:30:00.032000+08:00', 'sealed', '320000-certificate-00000003', '{"extraction":2,"manifest":"e1c1782ac0650eae85c73e4f51ec5ed9370cc485f6a0201d691857f9f6e74fcc","package":"947c875e17941b02de297ae72817d87749477226cf294ad364ee8d574bb75ed5","records":7}', '\x7f2bd5b9137f38af110c4486ac07d8f63527f1c5b07056ec16d3b869e7993c64', '\xef8fac30765f9786f27a071aa9f3e52129df7543d43a494c563945425cf8cf31');
INSERT INTO public.evidence VALUES (9, '2026-11-23T02:30:00.033000+08:00', 'sealed', '320000-certificate-00000004', '{"extraction":2,"manifest":"fe6096ef2afb7d4c334ad14a45ffc201f23348c7dfab3da478b23078fcf6ff99","package":"c675eff94cca67aa934ea497003782c6d6e80575afef40c3910310d6896534e9","records":2}', '\xef8fac30765f9786f27a071aa9f3e52129df7543d43a494c563945425cf8cf31', '\x8e6299091ef42fcfd94719e162c0d6d800ecc4397ae819701055ee54f9525ba0');
INSERT INTO public.evidence VALUES (10, '2026-11-23T02:30:00.034000+08:00', 'prepared', '320000/certificate/2', '{"counts":{"batched":9,"dead_new":1,"extracted":10},"resolved":0}', '\x8e6299091ef42fcfd94719e162c0d6d800ecc4397ae819701055ee54f9525ba0', '\x27d581ec11cb0a6b100506cc0ebd5fafa8daf6281e3f636e6fe22b99e07ce67d');
INSERT INTO public.evidence VALUES (11, '2026-11-23T02:30:00.035000+08:00', 'sent', '320000-certificate-00000001', '{"package":"b11509d358e419c4c714318e7f8c41faa9f9a17a5ad8591d90ed517e689b14b8"}', '\x27d581ec11cb0a6b100506cc0ebd5fafa8daf6281e3f636e6fe22b99e07ce67d', '\x5566998632cbbd2e27fefa0d124596bb5160444e7468ecd2c301f8e20becdaf6');
INSERT INTO public.evidence VALUES (12, '2026-11-23T02:30:00.038000+08:00', 'sent', '320000-certificate-00000002', '{"package":"bb5525a036c0b485469aabc35709f430ae2dd694708736fb1f5fa08a46d8abf0"}', '\x5566998632cbbd2e27fefa0d124596bb5160444e7468ecd2c301f8e20becdaf6', '\x8169e1698a9ad5f0711626591a7e13e658c0ef6386c45963de8c668e60f26623');
INSERT INTO public.evidence VALUES (13, '2026-11-23T02:30:00.041000+08:00', 'receipt', '320000-certificate-00000001', '{"level":"received","number":1,"receipt":"94b05abbf336e25e07212534e964df7be5e6836bef6e48dc6a79a2c72f6305e2"}', '\x8169e1698a9ad5f0711626591a7e13e658c0ef6386c45963de8c668e60f26623', '\xd4302f5d9ae8b670f5a6b453bd2ede7e4ed52da409d34f14ee6a54e0813adc93');
INSERT INTO public.evidence VALUES (14, '2026-11-23T02:30:00.044000+08:00', 'receipt', '320000-certificate-00000001', '{"level":"validated","number":2,"receipt":"16c9eae48fe64642b72ea7ffb0182cb2a7da8a5cd6fcf1c9e64980d955045e44"}', '\xd4302f5d9ae8b670f5a6b453bd2ede7e4ed52da409d34f14ee6a54e0813adc93', '\x82698828a37cc80e2cd2a350eb3328a929f606ee85519809bca4c61dbf8f3ba0');
INSERT INTO public.evidence VALUES (15, '2026-11-23T02:30:00.049000+08:00', 'receipt', '320000-certificate-00000001', '{"level":"loaded","number":3,"receipt":"8f86637d497e7440c19340c15d17d67d2198af4ab4aac0ef70c83eae7cd2664c"}', '\x82698828a37cc80e2cd2a350eb3328a929f606ee85519809bca4c61dbf8f3ba0', '\xdba5d9b581ee7077aa980a0d5696c119dd3caf0a3f5161c3eadb78ce6c65fad5');
INSERT INTO public.evidence VALUES (16, '2026-11-23T02:30:00.052000+08:00', 'receipt', '320000-certificate-00000002', '{"level":"received","number":4,"receipt":"21ba760f57bebdf427bfb4e66593408aba5657f56b50e21922434e28d287ef38"}', '\xdba5d9b581ee7077aa980a0d5696c119dd3caf0a3f5161c3eadb78ce6c65fad5', '\xc784bba0f293b5855eabad4fba81117d8eddd99e148e88a5aa1347fce6b08576');
INSERT INTO public.evidence VALUES (17, '2026-11-23T02:30:00.055000+08:00', 'receipt', '320000-certificate-00000002', '{"level":"validated","number":5,"receipt":"59841cf878121f74344fb249c6feb405ab90a0665b50e278a91e33b636812023"}', '\xc784bba0f293b5855eabad4fba81117d8eddd99e148e88a5aa1347fce6b08576', '\x41865b4310ec8a31f191034a8ec1bc2e63ede5aa58ff507dbd7b76b0926abe5a');
INSERT INTO public.evidence VALUES (18, '2026-11-23T02:30:00.060000+08:00', 'receipt', '320000-certificate-00000002', '{"level":"loaded","number":6,"receipt":"f7e31971e3e17ec72805a2e582019d06418ba67a948bdf00f67c3aa4d1e8e2cd"}', '\x41865b4310ec8a31f191034a8ec1bc2e63ede5aa58ff507dbd7b76b0926abe5a', '\x2fc12877f4fd0a362fac0a7eeaf3c8655ffde1b2cc9b97f94d082645c3bdd4a6');
INSERT INTO public.evidence VALUES (19, '2026-11-23T02:30:00.064000+08:00', 'sent', '320000-certificate-00000003', '{"package":"947c875e17941b02de297ae72817d87749477226cf294ad364ee8d574bb75ed5"}', '\x2fc12877f4fd0a362fac0a7eeaf3c8655ffde1b2cc9b97f94d082645c3bdd4a6', '\x4d17805629ae4300ffceca5c6785d7965e2622b016ee598709ee7a3b303e9037');
INSERT INTO public.evidence VALUES (20, '2026-11-23T02:30:00.067000+08:00', 'sent', '320000-certificate-00000004', '{"package":"c675eff94cca67aa934ea497003782c6d6e80575afef40c3910310d6896534e9"}', '\x4d17805629ae4300ffceca5c6785d7965e2622b016ee598709ee7a3b303e9037', '\x8f11fd8d8a117c886d06109c4d13bb51b0f3563dd76b33105174f6b64b870e8f');
INSERT INTO public.evidence VALUES (21, '2026-11-23T02:30:00.070000+08:00', 'receipt', '320000-certificate-00000003', '{"level":"received","number":7,"receipt":"f018de31611798a6686412382729236e14d4a61da4e7955b99e2271fb59b5368"}', '\x8f11fd8d8a117c886d06109c4d13bb51b0f3563dd76b33105174f6b64b870e8f', '\xccdfdae5bfef4418ccbbe2995033251e8f52ac05018bd264995b1c414d7e9710');
INSERT INTO public.evidence VALUES (22, '2026-11-23T02:30:00.073000+08:00', 'receipt', '320000-certificate-00000003', '{"level":"validated","number":8,"receipt":"3b44d2a29c2f26c13d2a70ea7934d6102eae849c969b154906ac1d5a10f6e2fa"}', '\xccdfdae5bfef4418ccbbe2995033251e8f52ac05018bd264995b1c414d7e9710', '\x45b9d8a6de2e059324f01facb586f301d86b90047d9281665e1975c838d7ef48');
INSERT INTO public.evidence VALUES (23, '2026-11-23T02:30:00.078000+08:00', 'receipt', '320000-certificate-00000003', '{"level":"loaded","number":9,"receipt":"61d23ea5a3f23dd96732411fcedc5dc29e9593652e142ffaa8ee87e02fe36323"}', '\x45b9d8a6de2e059324f01facb586f301d86b90047d9281665e1975c838d7ef48', '\xaeb178ed90aaa20e166de363c953c239fdb3bef4f3025229c1466ca944513478');
INSERT INTO public.evidence VALUES (24, '2026-11-23T02:30:00.081000+08:00', 'receipt', '320000-certificate-00000004', '{"level":"received","number":10,"receipt":"415566a0fe3b1160a24aa7e2b685a0819971447a3bb9decfc5e2cb923c0e28b7"}', '\xaeb178ed90aaa20e166de363c953c239fdb3bef4f3025229c1466ca944513478', '\x050e946b1526ef67e1a02744fe0c68b06af8837647b2efd667c35cf3dc6810d1');
INSERT INTO public.evidence VALUES (25, '2026-11-23T02:30:00.084000+08:00', 'receipt', '320000-certificate-00000004', '{"level":"validated","number":11,"receipt":"5faede8c7357986aeefd7bd5ace05fe4f74ddbdea82a1826c55f2f5bc1ddcb07"}', '\x050e946b1526ef67e1a02744fe0c68b06af8837647b2efd667c35cf3dc6810d1', '\x9bd24c718990ae342accdcef2b892dd14384bb52701b47050558d4bd82c4b633');
INSERT INTO public.evidence VALUES (26, '2026-11-23T02:30:00.089000+08:00', 'receipt', '320000-certificate-00000004', '{"level":"loaded","number":12,"receipt":"80c6681c2c041653a18f9042057b3c0c73a9214c922cd71307d6bec40a7de49e"}', '\x9bd24c718990ae342accdcef2b892dd14384bb52701b47050558d4bd82c4b633', '\xafee8563726b85a999fa6f0a34991adbbfe50e8c80aef53c0892e3cb9c9f81de');
INSERT INTO public.evidence VALUES (27, '2026-11-23T02:30:00.091000+08:00', 'run closed', '20261123T023000-111471', '{"counts":{"batched":19,"dead_new":1,"extracted":20,"loaded":19,"sent":19},"state":"done"}', '\xafee8563726b85a999fa6f0a34991adbbfe50e8c80aef53c0892e3cb9c9f81de', '\x347dea546f739cabcab003957ef6f410b95edf60f7eb5ea01fcd68a6641e86cd');
INSERT INTO public.evidence VALUES (28, '2026-11-24T02:30:00.093000+08:00', 'run started', '20261124T023000-751d0d', '{"bundle":"sha256:52fe2d605ebd5076b2ce36f512eb2f8c78fc247646c37c2b0f3ed05086049588","engine":"0.1.0","flow":"nightly"}', '\x347dea546f739cabcab003957ef6f410b95edf60f7eb5ea01fcd68a6641e86cd', '\x79f6f2674f3eb1205ed04c0bde047e93493fb0078621441859f510d210674606');
INSERT INTO public.evidence VALUES (29, '2026-11-24T02:30:00.098000+08:00', 'extracted', '320000/certificate/3', '{"files":{"rows":"08bb72acbf19765e77bd29b2026f634213a3f618dce18d9b1b82e405fb18937b"},"rows":10}', '\x79f6f2674f3eb1205ed04c0bde047e93493fb0078621441859f510d210674606', '\x82235e792c4974c6d0d2da783126b274475544a954928ad3844d061fb25067b9');
INSERT INTO public.evidence VALUES (30, '2026-11-24T02:30:00.102000+08:00', 'extracted', '320000/certificate/4', '{"files":{"rows":"05c7880d6c0c32ff54e8078193dcbfc16402404808ce2019960a8386c2eb2e44"},"rows":10}', '\x82235e792c4974c6d0d2da783126b274475544a954928ad3844d061fb25067b9', '\xb13c07b975cd0c85f118722f87ee920922e00893761047acf284b2543ec8b00f');
INSERT INTO public.evidence VALUES (31, '2026-11-24T02:30:00.103000+08:00', 'prepared', '320000/certificate/3', '{"counts":{"extracted":10,"unchanged":10},"resolved":0}', '\xb13c07b975cd0c85f118722f87ee920922e00893761047acf284b2543ec8b00f', '\x864ce6852e9eca6aa42729a592a6a68d25b283debe6d41b33fc166a87ce0178f');
INSERT INTO public.evidence VALUES (32, '2026-11-24T02:30:00.108000+08:00', 'sealed', '320000-certificate-00000005', '{"extraction":4,"manifest":"f23da9d214201e8dc627de6435e2406afa52a1e9ddfa76347fb581bdcc8c27ff","package":"819a2f640c836bdc660dcd5b625d1e530654db4ad374ce7e319fb30669ac906b","records":3}', '\x864ce6852e9eca6aa42729a592a6a68d25b283debe6d41b33fc166a87ce0178f', '\xeba9b981cbb5b77635821c31775bb3690b64cbc1a73ce3f05711eea3d3f8de04');
INSERT INTO public.evidence VALUES (33, '2026-11-24T02:30:00.109000+08:00', 'prepared', '320000/certificate/4', '{"counts":{"batched":3,"extracted":10,"flagged":3,"unchanged":7},"resolved":1}', '\xeba9b981cbb5b77635821c31775bb3690b64cbc1a73ce3f05711eea3d3f8de04', '\x05e01e23d4ca7e69ccd70dbab516fd68ddd0203260027ef8f5341adf0ddc70de');
INSERT INTO public.evidence VALUES (34, '2026-11-24T02:30:00.113000+08:00', 'sent', '320000-certificate-00000005', '{"package":"819a2f640c836bdc660dcd5b625d1e530654db4ad374ce7e319fb30669ac906b"}', '\x05e01e23d4ca7e69ccd70dbab516fd68ddd0203260027ef8f5341adf0ddc70de', '\x726b58987e89fdf9b80bf96622b8e5542388cdc635161049f8ae9f43a09c6536');
INSERT INTO public.evidence VALUES (35, '2026-11-24T02:30:00.116000+08:00', 'receipt', '320000-certificate-00000005', '{"level":"received","number":13,"receipt":"3a777ce9e6210993faf560a334cd85f540e9ae2a2b58198d3a1cca39c5da0678"}', '\x726b58987e89fdf9b80bf96622b8e5542388cdc635161049f8ae9f43a09c6536', '\x3a368675a00e6ecb1216d1e5baae0d817dfcbeadf6dac74d2adefd31bffda403');
INSERT INTO public.evidence VALUES (36, '2026-11-24T02:30:00.119000+08:00', 'receipt', '320000-certificate-00000005', '{"level":"validated","number":14,"receipt":"0240d3326a72972387088f400176254797ac89a65a9249b3e1aac86ab2642316"}', '\x3a368675a00e6ecb1216d1e5baae0d817dfcbeadf6dac74d2adefd31bffda403', '\x19dc856baf3373f5e3c309f36f254951923d07345de4bf750fe559da91c1a904');
INSERT INTO public.evidence VALUES (37, '2026-11-24T02:30:00.124000+08:00', 'receipt', '320000-certificate-00000005', '{"level":"loaded","number":15,"receipt":"21992c94adbf4ef02f3135cf0dcb761942a1f73d7ded9bf50abc7ac565fcca75"}', '\x19dc856baf3373f5e3c309f36f254951923d07345de4bf750fe559da91c1a904', '\x1a8228bd24f3e40fab39eba8f828dbfccb14372c6841f0fbd3eb6df973e6a4fd');
INSERT INTO public.evidence VALUES (38, '2026-11-24T02:30:00.126000+08:00', 'run closed', '20261124T023000-751d0d', '{"counts":{"batched":3,"extracted":20,"flagged":3,"loaded":3,"sent":3,"unchanged":17},"state":"done"}', '\x1a8228bd24f3e40fab39eba8f828dbfccb14372c6841f0fbd3eb6df973e6a4fd', '\x5e05dcdc2ac07130dcf1e7c92e93151288fe9788e2c5ec507fbe189fca333a39');
INSERT INTO public.evidence VALUES (39, '2026-11-25T02:30:00.128000+08:00', 'run started', '20261125T023000-6ba804', '{"bundle":"sha256:52fe2d605ebd5076b2ce36f512eb2f8c78fc247646c37c2b0f3ed05086049588","engine":"0.1.0","flow":"nightly"}', '\x5e05dcdc2ac07130dcf1e7c92e93151288fe9788e2c5ec507fbe189fca333a39', '\x70e64030a42c25f02b896a21bcabdab1a0f5e4bb3112b5e7dd4f380e29465b54');
INSERT INTO public.evidence VALUES (40, '2026-11-25T02:30:00.133000+08:00', 'extracted', '320000/certificate/5', '{"files":{"rows":"2f964a9f95b7a724dbd03ffc50413614ce05a17e2352e4ca8d09a4f2d7bf043b"},"rows":8}', '\x70e64030a42c25f02b896a21bcabdab1a0f5e4bb3112b5e7dd4f380e29465b54', '\x0f414986c10c92a54c583467233949bca4c26b6c05a57c63c21768a5496c00a3');
INSERT INTO public.evidence VALUES (41, '2026-11-25T02:30:00.137000+08:00', 'sealed', '320000-certificate-00000006', '{"extraction":5,"manifest":"1af65791b54ec90cfd56d666d0d1d610d58474b35afe94ab56d48d4706347e4a","package":"bea90f3a6b1b49ab25779498d8d8aa8eef107b75eb681951a653005002c26673","records":5}', '\x0f414986c10c92a54c583467233949bca4c26b6c05a57c63c21768a5496c00a3', '\xb6fa2836a41a1237852854133e82bc9b054a271e2d197b0fa41834214ba404af');
INSERT INTO public.evidence VALUES (42, '2026-11-25T02:30:00.138000+08:00', 'prepared', '320000/certificate/5', '{"counts":{"batched":5,"extracted":8,"unchanged":3},"resolved":0}', '\xb6fa2836a41a1237852854133e82bc9b054a271e2d197b0fa41834214ba404af', '\xa60c3d8886de9f2b978884349253e2cc6acdc2cb21bbced34ca564ec3311f3dd');
INSERT INTO public.evidence VALUES (43, '2026-11-25T02:30:00.147000+08:00', 'run closed', '20261125T023000-6ba804', '{"counts":{"batched":5,"extracted":8,"unchanged":3},"state":"failed"}', '\xa60c3d8886de9f2b978884349253e2cc6acdc2cb21bbced34ca564ec3311f3dd', '\xf975ef44943c42d20930608e489bbe646d12047aa8386853b321540aeaec0a04');
INSERT INTO public.evidence VALUES (44, '2026-11-26T02:30:00.149000+08:00', 'run started', '20261126T023000-f6f0d9', '{"bundle":"sha256:52fe2d605ebd5076b2ce36f512eb2f8c78fc247646c37c2b0f3ed05086049588","engine":"0.1.0","flow":"nightly"}', '\xf975ef44943c42d20930608e489bbe646d12047aa8386853b321540aeaec0a04', '\x225b9a8eb51d48181edf64d4a6b3223a35cc25a567156a1826578bc1c27eb291');
INSERT INTO public.evidence VALUES (45, '2026-11-26T02:30:00.161000+08:00', 'extracted', '320000/certificate/6', '{"files":{"rows":"941702ee9d4d20b092a93dae51950dd880f016e7cd1528075c530399ed0bb5a3"},"rows":8}', '\x225b9a8eb51d48181edf64d4a6b3223a35cc25a567156a1826578bc1c27eb291', '\x43c107502447d9f17cb045d9d8fd8045e7860c2cb7b8636c1b41f3fc2837cbde');
INSERT INTO public.evidence VALUES (46, '2026-11-26T02:30:00.164000+08:00', 'run closed', '20261126T023000-f6f0d9', '{"counts":{"extracted":8},"state":"failed"}', '\x43c107502447d9f17cb045d9d8fd8045e7860c2cb7b8636c1b41f3fc2837cbde', '\xea98009abfd89e54991d4ab645be4008413b3dfde435a8f945554e736cee54d8');
INSERT INTO public.extraction VALUES (1, 1, '20261123T023000-111471', 10, 'zs', '{"rows": ["extractions/320000/certificate/20261123T023000-111471-1-000001.rows.arrow", "6692239b4f7528301881b76d29944ab352381204588afb494d78af087cf0ff19", 2961]}', '{"changed_at":"2026-11-20 08:00:00","key":["10"]}', 'processed', '2026-11-23T02:30:00.008000+08:00', 'source', NULL);
INSERT INTO public.extraction VALUES (2, 1, '20261123T023000-111471', 10, 'zs', '{"rows": ["extractions/320000/certificate/20261123T023000-111471-1-000002.rows.arrow", "72470991c064c27476fbcc9c1a275d30acad70a5d10295f38670b9f764df4969", 3025]}', '{"changed_at":"2026-11-20 08:00:00","key":["20"]}', 'processed', '2026-11-23T02:30:00.011000+08:00', 'source', NULL);
INSERT INTO public.extraction VALUES (3, 1, '20261124T023000-751d0d', 10, 'zs', '{"rows": ["extractions/320000/certificate/20261124T023000-751d0d-2-000001.rows.arrow", "08bb72acbf19765e77bd29b2026f634213a3f618dce18d9b1b82e405fb18937b", 2961]}', '{"changed_at":"2026-11-20 08:00:00","key":["12"]}', 'processed', '2026-11-24T02:30:00.097000+08:00', 'source', NULL);
INSERT INTO public.extraction VALUES (4, 1, '20261124T023000-751d0d', 10, 'zs', '{"rows": ["extractions/320000/certificate/20261124T023000-751d0d-2-000002.rows.arrow", "05c7880d6c0c32ff54e8078193dcbfc16402404808ce2019960a8386c2eb2e44", 3089]}', '{"changed_at":"2026-11-21 08:00:00","key":["20"]}', 'processed', '2026-11-24T02:30:00.100000+08:00', 'source', NULL);
INSERT INTO public.extraction VALUES (5, 1, '20261125T023000-6ba804', 8, 'zs', '{"rows": ["extractions/320000/certificate/20261125T023000-6ba804-3-000001.rows.arrow", "2f964a9f95b7a724dbd03ffc50413614ce05a17e2352e4ca8d09a4f2d7bf043b", 3089]}', '{"changed_at":"2026-11-22 08:00:00","key":["25"]}', 'processed', '2026-11-25T02:30:00.132000+08:00', 'source', NULL);
INSERT INTO public.extraction VALUES (6, 1, '20261126T023000-f6f0d9', 8, 'zs', '{"rows": ["extractions/320000/certificate/20261126T023000-f6f0d9-4-000001.rows.arrow", "941702ee9d4d20b092a93dae51950dd880f016e7cd1528075c530399ed0bb5a3", 3025]}', '{"changed_at":"2026-11-22 09:00:00","key":["28"]}', 'stored', '2026-11-26T02:30:00.160000+08:00', 'source', NULL);
INSERT INTO public.fact_class VALUES (1, 1, '|2024|v0', '', '2024', 'v0');
INSERT INTO public.fact_class VALUES (2, 1, '|2024|c0', '', '2024', 'c0');
INSERT INTO public.finding VALUES (1, 1, '(苏)XK06-001-00001', 5, 'CERT-006', 'status,status_cause,closing_date', '证书已撤销、注销、吊销或撤回，但没有填写状态原因或终止日期');
INSERT INTO public.finding VALUES (2, 1, '(苏)XK06-001-00002', 5, 'CERT-006', 'status,status_cause,closing_date', '证书已撤销、注销、吊销或撤回，但没有填写状态原因或终止日期');
INSERT INTO public.finding VALUES (3, 1, '(苏)XK06-001-00020', 5, 'CERT-006', 'status,status_cause,closing_date', '证书已撤销、注销、吊销或撤回，但没有填写状态原因或终止日期');
INSERT INTO public.lane VALUES (1, '320000', 'certificate', 7, '\x1af65791b54ec90cfd56d666d0d1d610d58474b35afe94ab56d48d4706347e4a', '{"changed_at":"2026-11-22 09:00:00","key":["28"]}', 4, NULL, NULL, NULL);
INSERT INTO public.lane_content VALUES (1, 1, 'sha256:19cef58566a392791c25b87d1a1a9416c0c94d11e0b3ba2af4a743d990edb009', 'sha256:52fe2d605ebd5076b2ce36f512eb2f8c78fc247646c37c2b0f3ed05086049588', '20261123T023000-111471', '2026-11-23T02:30:00.014000+08:00');
INSERT INTO public.receipt VALUES (1, '320000-certificate-00000001', '320000', 'received', 'HQ0000000001', 1, '2026-11-27T11:53:10+08:00', '320000-certificate-00000001.received.zip', '\x94b05abbf336e25e07212534e964df7be5e6836bef6e48dc6a79a2c72f6305e2', 'receipts/320000/94b05abbf336e25e07212534e964df7be5e6836bef6e48dc6a79a2c72f6305e2.zip', 'accepted', NULL, '2026-11-23T02:30:00.040000+08:00');
INSERT INTO public.receipt VALUES (2, '320000-certificate-00000001', '320000', 'validated', 'HQ0000000002', 2, '2026-11-27T11:53:10+08:00', '320000-certificate-00000001.validated.zip', '\x16c9eae48fe64642b72ea7ffb0182cb2a7da8a5cd6fcf1c9e64980d955045e44', 'receipts/320000/16c9eae48fe64642b72ea7ffb0182cb2a7da8a5cd6fcf1c9e64980d955045e44.zip', 'accepted', NULL, '2026-11-23T02:30:00.043000+08:00');
INSERT INTO public.receipt VALUES (3, '320000-certificate-00000001', '320000', 'loaded', 'HQ0000000003', 3, '2026-11-27T11:53:10+08:00', '320000-certificate-00000001.loaded.zip', '\x8f86637d497e7440c19340c15d17d67d2198af4ab4aac0ef70c83eae7cd2664c', 'receipts/320000/8f86637d497e7440c19340c15d17d67d2198af4ab4aac0ef70c83eae7cd2664c.zip', 'accepted', NULL, '2026-11-23T02:30:00.046000+08:00');
INSERT INTO public.receipt VALUES (4, '320000-certificate-00000002', '320000', 'received', 'HQ0000000004', 4, '2026-11-27T11:53:10+08:00', '320000-certificate-00000002.received.zip', '\x21ba760f57bebdf427bfb4e66593408aba5657f56b50e21922434e28d287ef38', 'receipts/320000/21ba760f57bebdf427bfb4e66593408aba5657f56b50e21922434e28d287ef38.zip', 'accepted', NULL, '2026-11-23T02:30:00.051000+08:00');
INSERT INTO public.receipt VALUES (5, '320000-certificate-00000002', '320000', 'validated', 'HQ0000000005', 5, '2026-11-27T11:53:10+08:00', '320000-certificate-00000002.validated.zip', '\x59841cf878121f74344fb249c6feb405ab90a0665b50e278a91e33b636812023', 'receipts/320000/59841cf878121f74344fb249c6feb405ab90a0665b50e278a91e33b636812023.zip', 'accepted', NULL, '2026-11-23T02:30:00.054000+08:00');
INSERT INTO public.receipt VALUES (6, '320000-certificate-00000002', '320000', 'loaded', 'HQ0000000006', 6, '2026-11-27T11:53:10+08:00', '320000-certificate-00000002.loaded.zip', '\xf7e31971e3e17ec72805a2e582019d06418ba67a948bdf00f67c3aa4d1e8e2cd', 'receipts/320000/f7e31971e3e17ec72805a2e582019d06418ba67a948bdf00f67c3aa4d1e8e2cd.zip', 'accepted', NULL, '2026-11-23T02:30:00.057000+08:00');
INSERT INTO public.receipt VALUES (7, '320000-certificate-00000003', '320000', 'received', 'HQ0000000007', 7, '2026-11-27T11:53:11+08:00', '320000-certificate-00000003.received.zip', '\xf018de31611798a6686412382729236e14d4a61da4e7955b99e2271fb59b5368', 'receipts/320000/f018de31611798a6686412382729236e14d4a61da4e7955b99e2271fb59b5368.zip', 'accepted', NULL, '2026-11-23T02:30:00.069000+08:00');
INSERT INTO public.receipt VALUES (8, '320000-certificate-00000003', '320000', 'validated', 'HQ0000000008', 8, '2026-11-27T11:53:11+08:00', '320000-certificate-00000003.validated.zip', '\x3b44d2a29c2f26c13d2a70ea7934d6102eae849c969b154906ac1d5a10f6e2fa', 'receipts/320000/3b44d2a29c2f26c13d2a70ea7934d6102eae849c969b154906ac1d5a10f6e2fa.zip', 'accepted', NULL, '2026-11-23T02:30:00.072000+08:00');
INSERT INTO public.receipt VALUES (9, '320000-certificate-00000003', '320000', 'loaded', 'HQ0000000009', 9, '2026-11-27T11:53:11+08:00', '320000-certificate-00000003.loaded.zip', '\x61d23ea5a3f23dd96732411fcedc5dc29e9593652e142ffaa8ee87e02fe36323', 'receipts/320000/61d23ea5a3f23dd96732411fcedc5dc29e9593652e142ffaa8ee87e02fe36323.zip', 'accepted', NULL, '2026-11-23T02:30:00.075000+08:00');
INSERT INTO public.receipt VALUES (10, '320000-certificate-00000004', '320000', 'received', 'HQ0000000010', 10, '2026-11-27T11:53:11+08:00', '320000-certificate-00000004.received.zip', '\x415566a0fe3b1160a24aa7e2b685a0819971447a3bb9decfc5e2cb923c0e28b7', 'receipts/320000/415566a0fe3b1160a24aa7e2b685a0819971447a3bb9decfc5e2cb923c0e28b7.zip', 'accepted', NULL, '2026-11-23T02:30:00.080000+08:00');
INSERT INTO public.receipt VALUES (11, '320000-certificate-00000004', '320000', 'validated', 'HQ0000000011', 11, '2026-11-27T11:53:11+08:00', '320000-certificate-00000004.validated.zip', '\x5faede8c7357986aeefd7bd5ace05fe4f74ddbdea82a1826c55f2f5bc1ddcb07', 'receipts/320000/5faede8c7357986aeefd7bd5ace05fe4f74ddbdea82a1826c55f2f5bc1ddcb07.zip', 'accepted', NULL, '2026-11-23T02:30:00.083000+08:00');
INSERT INTO public.receipt VALUES (12, '320000-certificate-00000004', '320000', 'loaded', 'HQ0000000012', 12, '2026-11-27T11:53:11+08:00', '320000-certificate-00000004.loaded.zip', '\x80c6681c2c041653a18f9042057b3c0c73a9214c922cd71307d6bec40a7de49e', 'receipts/320000/80c6681c2c041653a18f9042057b3c0c73a9214c922cd71307d6bec40a7de49e.zip', 'accepted', NULL, '2026-11-23T02:30:00.086000+08:00');
INSERT INTO public.receipt VALUES (13, '320000-certificate-00000005', '320000', 'received', 'HQ0000000013', 13, '2026-11-27T11:53:12+08:00', '320000-certificate-00000005.received.zip', '\x3a777ce9e6210993faf560a334cd85f540e9ae2a2b58198d3a1cca39c5da0678', 'receipts/320000/3a777ce9e6210993faf560a334cd85f540e9ae2a2b58198d3a1cca39c5da0678.zip', 'accepted', NULL, '2026-11-24T02:30:00.115000+08:00');
INSERT INTO public.receipt VALUES (14, '320000-certificate-00000005', '320000', 'validated', 'HQ0000000014', 14, '2026-11-27T11:53:12+08:00', '320000-certificate-00000005.validated.zip', '\x0240d3326a72972387088f400176254797ac89a65a9249b3e1aac86ab2642316', 'receipts/320000/0240d3326a72972387088f400176254797ac89a65a9249b3e1aac86ab2642316.zip', 'accepted', NULL, '2026-11-24T02:30:00.118000+08:00');
INSERT INTO public.receipt VALUES (15, '320000-certificate-00000005', '320000', 'loaded', 'HQ0000000015', 15, '2026-11-27T11:53:12+08:00', '320000-certificate-00000005.loaded.zip', '\x21992c94adbf4ef02f3135cf0dcb761942a1f73d7ded9bf50abc7ac565fcca75', 'receipts/320000/21992c94adbf4ef02f3135cf0dcb761942a1f73d7ded9bf50abc7ac565fcca75.zip', 'accepted', NULL, '2026-11-24T02:30:00.121000+08:00');
INSERT INTO public.record_version VALUES (1, '(苏)XK06-001-00001', 1, '\xf3a674cff1fb09ab03796be3281aba63258f6a53a7fd1b4d6b8b7cedf4b08a4c', NULL, 0, NULL, 1, 0, '{"closing_date":null,"issue_date":"2024-03-01","status":"01","status_cause":null,"valid_until":"2029-02-28"}', 1);
INSERT INTO public.record_version VALUES (1, '(苏)XK06-001-00002', 1, '\x46df931f5dc6331d17b77ac87ea2bae52ef51123f17f154ffae8eb2035dc6ac4', NULL, 1, NULL, 1, 1, '{"closing_date":null,"issue_date":"2024-03-01","status":"01","status_cause":null,"valid_until":"2029-02-28"}', 1);
INSERT INTO public.record_version VALUES (1, '(苏)XK06-001-00003', 1, '\x7698e4da0c3a837a42820f3f0732c099ed885530f118abec611d19f741b63455', NULL, 2, NULL, 1, 2, '{"closing_date":null,"issue_date":"2024-03-01","status":"01","status_cause":null,"valid_until":"2029-02-28"}', 1);
INSERT INTO public.record_version VALUES (1, '(苏)XK06-001-00004', 1, '\x657b353c905d1a63719942450b8683565b18bccb4288a457137b995d12ea62d7', NULL, 3, NULL, 1, 3, '{"closing_date":null,"issue_date":"2024-03-01","status":"01","status_cause":null,"valid_until":"2029-02-28"}', 1);
INSERT INTO public.record_version VALUES (1, '(苏)XK06-001-00005', 1, '\x07721c4770fa43027808b6c5c501d719d120376295a5d3b548c8661aaeb0c773', NULL, 4, NULL, 1, 4, '{"closing_date":null,"issue_date":"2024-03-01","status":"01","status_cause":null,"valid_until":"2029-02-28"}', 1);
INSERT INTO public.record_version VALUES (1, '(苏)XK06-001-00006', 1, '\x04825a8832ea8bcb313049e9718b3e8305fed164adfe6439fcfbe60757c09048', NULL, 5, NULL, 1, 5, '{"closing_date":null,"issue_date":"2024-03-01","status":"01","status_cause":null,"valid_until":"2029-02-28"}', 1);
INSERT INTO public.record_version VALUES (1, '(苏)XK06-001-00007', 1, '\x5aabe44329aa4673dd9f65fc232b67cf9ef0523e4c9a98fdfcaafafa3c7c86df', NULL, 6, NULL, 1, 6, '{"closing_date":null,"issue_date":"2024-03-01","status":"01","status_cause":null,"valid_until":"2029-02-28"}', 1);
INSERT INTO public.record_version VALUES (1, '(苏)XK06-001-00008', 2, '\x70aa676a0ccffff089c11fd5bbe7a777269f7ee6f27e19028b823dfd59310911', NULL, 0, NULL, 1, 7, '{"closing_date":null,"issue_date":"2024-03-01","status":"01","status_cause":null,"valid_until":"2029-02-28"}', 1);
INSERT INTO public.record_version VALUES (1, '(苏)XK06-001-00009', 2, '\x7731dd333bdfd8e14584875d59cc4b637269e632352c730b06150a51384a76df', NULL, 1, NULL, 1, 8, '{"closing_date":null,"issue_date":"2024-03-01","status":"01","status_cause":null,"valid_until":"2029-02-28"}', 1);
INSERT INTO public.record_version VALUES (1, '(苏)XK06-001-00010', 2, '\x573b106dd2b5e164469487659b1466378adf55ae749b312364443808ca0f1eb9', NULL, 2, NULL, 1, 9, '{"closing_date":null,"issue_date":"2024-03-01","status":"01","status_cause":null,"valid_until":"2029-02-28"}', 1);
INSERT INTO public.record_version VALUES (1, '(苏)XK06-001-00011', 3, '\xc10f4ed26d4c4d862f303828fe9d987637b02aa43acee76e5f2a4f869def5944', NULL, 0, NULL, 2, 0, '{"closing_date":null,"issue_date":"2024-03-01","status":"01","status_cause":null,"valid_until":"2029-02-28"}', 1);
INSERT INTO public.record_version VALUES (1, '(苏)XK06-001-00012', 3, '\xec918c1480c04362cdcd0b357f270d7bddfb0b77ce1b9b6fb288fc54aaf00661', NULL, 1, NULL, 2, 1, '{"closing_date":null,"issue_date":"2024-03-01","status":"01","status_cause":null,"valid_until":"2029-02-28"}', 1);
INSERT INTO public.record_version VALUES (1, '(苏)XK06-001-00013', 3, '\x5d025b694fe06cc356c5f7ad07cc581b3df947cfda502c73aa9c9bf93e6ddc9b', NULL, 2, NULL, 2, 2, '{"closing_date":null,"issue_date":"2024-03-01","status":"01","status_cause":null,"valid_until":"2029-02-28"}', 1);
INSERT INTO public.record_version VALUES (1, '(苏)XK06-001-00014', 3, '\x850b1c010230df024ae5b317cb57f3fb998400077ff76dc90616680257ab58ef', NULL, 3, NULL, 2, 3, '{"closing_date":null,"issue_date":"2024-03-01","status":"01","status_cause":null,"valid_until":"2029-02-28"}', 1);
INSERT INTO public.record_version VALUES (1, '(苏)XK06-001-00015', 3, '\x322c5650d431310a323334079e3b99f56263e52e74764411f3a537d5255df373', NULL, 4, NULL, 2, 4, '{"closing_date":null,"issue_date":"2024-03-01","status":"01","status_cause":null,"valid_until":"2029-02-28"}', 1);
INSERT INTO public.record_version VALUES (1, '(苏)XK06-001-00016', 3, '\x8ce3446bf2de52fe4490959d513b51423971e3904d13213e6c7879e5c406d478', NULL, 5, NULL, 2, 5, '{"closing_date":null,"issue_date":"2024-03-01","status":"01","status_cause":null,"valid_until":"2029-02-28"}', 1);
INSERT INTO public.record_version VALUES (1, '(苏)XK06-001-00017', 3, '\xfe55e7054f4660396857ff6a6195f0f3bb915c9e6925238025723fee9c20705a', NULL, 6, NULL, 2, 6, '{"closing_date":null,"issue_date":"2024-03-01","status":"01","status_cause":null,"valid_until":"2029-02-28"}', 1);
INSERT INTO public.record_version VALUES (1, '(苏)XK06-001-00018', 4, '\x9f914295b0f637141c8530bf17ea0b00c9c575f5f1724cd85ca4d42ce0804724', NULL, 0, NULL, 2, 7, '{"closing_date":null,"issue_date":"2024-03-01","status":"01","status_cause":null,"valid_until":"2029-02-28"}', 1);
INSERT INTO public.record_version VALUES (1, '(苏)XK06-001-00019', 4, '\xd5f6aab0cb21bc6d08b7b34450600ca7a3f3b45fafc4f5f73818339bfd9dd8bd', NULL, 1, NULL, 2, 8, '{"closing_date":null,"issue_date":"2024-03-01","status":"01","status_cause":null,"valid_until":"2029-02-28"}', 1);
INSERT INTO public.record_version VALUES (1, '(苏)XK06-001-00001', 5, '\x00b9aaac3261b7065002f634166b5e9afcd1e959c3e5efbc12848091486d18dd', '\xf3a674cff1fb09ab03796be3281aba63258f6a53a7fd1b4d6b8b7cedf4b08a4c', 0, NULL, 4, 7, '{"closing_date":null,"issue_date":"2024-03-01","status":"04","status_cause":null,"valid_until":"2029-02-28"}', 2);
INSERT INTO public.record_version VALUES (1, '(苏)XK06-001-00002', 5, '\x64fb79036468c3cb58ca53428458d2e88ebf3152f3f7678d0e5fc1da2987ef35', '\x46df931f5dc6331d17b77ac87ea2bae52ef51123f17f154ffae8eb2035dc6ac4', 1, NULL, 4, 8, '{"closing_date":null,"issue_date":"2024-03-01","status":"04","status_cause":null,"valid_until":"2029-02-28"}', 2);
INSERT INTO public.record_version VALUES (1, '(苏)XK06-001-00020', 5, '\x8b5f82d555f3a004fd384a912f7c03a5373b34db8b5e64e17a7584c2d015400c', NULL, 2, NULL, 4, 9, '{"closing_date":null,"issue_date":"2024-03-01","status":"04","status_cause":null,"valid_until":"2029-02-28"}', 2);
INSERT INTO public.record_version VALUES (1, '(苏)XK06-001-00021', 6, '\x5ac222f473a88bae65e9b83c6eeb6f51beacb7f38c0cca47824cbb1be334aa9e', NULL, 0, NULL, 5, 3, '{"closing_date":null,"issue_date":"2024-03-01","status":"01","status_cause":null,"valid_until":"2029-02-28"}', 1);
INSERT INTO public.record_version VALUES (1, '(苏)XK06-001-00022', 6, '\x6bbe9514630c53e6fb46b3bca244d225548a38fe70654a748bc0640dceb12aaf', NULL, 1, NULL, 5, 4, '{"closing_date":null,"issue_date":"2024-03-01","status":"01","status_cause":null,"valid_until":"2029-02-28"}', 1);
INSERT INTO public.record_version VALUES (1, '(苏)XK06-001-00023', 6, '\x99bf82f78553fc69409a4b6f14f7bcb413c0e07384fa294a383ef43c3c99a437', NULL, 2, NULL, 5, 5, '{"closing_date":null,"issue_date":"2024-03-01","status":"01","status_cause":null,"valid_until":"2029-02-28"}', 1);
INSERT INTO public.record_version VALUES (1, '(苏)XK06-001-00024', 6, '\x59e1d99438dd60b28cf74bd5a87c1eb79a1942a871e02a0ac1e67674ab8c2f87', NULL, 3, NULL, 5, 6, '{"closing_date":null,"issue_date":"2024-03-01","status":"01","status_cause":null,"valid_until":"2029-02-28"}', 1);
INSERT INTO public.record_version VALUES (1, '(苏)XK06-001-00025', 6, '\xadf4bb582543e91ada9cc4ce9ceebfc029d3088bb9d9c8efafd5f2da79962eb3', NULL, 4, NULL, 5, 7, '{"closing_date":null,"issue_date":"2024-03-01","status":"01","status_cause":null,"valid_until":"2029-02-28"}', 1);
INSERT INTO public.report_fact VALUES (1, 1, 1, 7, 0);
INSERT INTO public.report_fact VALUES (1, 2, 1, 3, 0);
INSERT INTO public.report_fact VALUES (1, 3, 1, 7, 0);
INSERT INTO public.report_fact VALUES (1, 4, 1, 2, 0);
INSERT INTO public.report_fact VALUES (1, 5, 1, 0, 2);
INSERT INTO public.report_fact VALUES (1, 5, 2, 3, 0);
INSERT INTO public.report_fact VALUES (1, 6, 1, 5, 0);
INSERT INTO public.run VALUES ('20261123T023000-111471', 'nightly', '2026-11-23T02:30:00.003000+08:00', '2026-11-23T02:30:00.090000+08:00', 'done', 'sha256:52fe2d605ebd5076b2ce36f512eb2f8c78fc247646c37c2b0f3ed05086049588', '0.1.0', NULL, 'vm:37af2b94-6abf-4aa5-95aa-7fb0a35a06e5.4026531836:28084:428953:a4b8afff');
INSERT INTO public.run VALUES ('20261124T023000-751d0d', 'nightly', '2026-11-24T02:30:00.092000+08:00', '2026-11-24T02:30:00.125000+08:00', 'done', 'sha256:52fe2d605ebd5076b2ce36f512eb2f8c78fc247646c37c2b0f3ed05086049588', '0.1.0', NULL, 'vm:37af2b94-6abf-4aa5-95aa-7fb0a35a06e5.4026531836:28084:428953:d9ac0760');
INSERT INTO public.run VALUES ('20261125T023000-6ba804', 'nightly', '2026-11-25T02:30:00.127000+08:00', '2026-11-25T02:30:00.146000+08:00', 'failed', 'sha256:52fe2d605ebd5076b2ce36f512eb2f8c78fc247646c37c2b0f3ed05086049588', '0.1.0', '320000 certificate', 'vm:37af2b94-6abf-4aa5-95aa-7fb0a35a06e5.4026531836:28084:428953:b9d161e9');
INSERT INTO public.run VALUES ('20261126T023000-f6f0d9', 'nightly', '2026-11-26T02:30:00.148000+08:00', '2026-11-26T02:30:00.163000+08:00', 'failed', 'sha256:52fe2d605ebd5076b2ce36f512eb2f8c78fc247646c37c2b0f3ed05086049588', '0.1.0', '320000 certificate', 'vm:37af2b94-6abf-4aa5-95aa-7fb0a35a06e5.4026531836:28084:428953:f45408df');
INSERT INTO public.run_count VALUES ('20261126T023000-f6f0d9', 1, 8, 0, 0, 0, 0, 0, 0, 0, 0, 0, '{"collect": "ended by a defect (KeyboardInterrupt); the log has the rest"}');
INSERT INTO public.run_count VALUES ('20261123T023000-111471', 1, 20, 0, 0, 19, 1, 0, 0, 19, 19, 0, NULL);
INSERT INTO public.run_count VALUES ('20261124T023000-751d0d', 1, 20, 17, 0, 3, 0, 0, 3, 3, 3, 0, NULL);
INSERT INTO public.run_count VALUES ('20261125T023000-6ba804', 1, 8, 3, 0, 5, 0, 0, 0, 0, 0, 0, '{"deliver": "ECQS-5001 127.0.0.1:35333: headquarters cannot be reached (Connection refused) Next: it is tried again; if it stays so, check host, port and firewall"}');
SELECT pg_catalog.setval('public.accepted_plan_id_seq', 1, false);
SELECT pg_catalog.setval('public.attempt_id_seq', 9, true);
SELECT pg_catalog.setval('public.audit_arrival_id_seq', 1, false);
SELECT pg_catalog.setval('public.audit_message_id_seq', 1, false);
SELECT pg_catalog.setval('public.audit_paper_id_seq', 1, false);
SELECT pg_catalog.setval('public.correction_id_seq', 1, false);
SELECT pg_catalog.setval('public.dead_letter_id_seq', 1, true);
SELECT pg_catalog.setval('public.difference_id_seq', 1, false);
SELECT pg_catalog.setval('public.drift_id_seq', 1, false);
SELECT pg_catalog.setval('public.extraction_id_seq', 6, true);
SELECT pg_catalog.setval('public.fact_class_id_seq', 2, true);
SELECT pg_catalog.setval('public.finding_id_seq', 3, true);
SELECT pg_catalog.setval('public.inspector_refusal_id_seq', 1, false);
SELECT pg_catalog.setval('public.lane_content_id_seq', 1, true);
SELECT pg_catalog.setval('public.lane_id_seq', 1, true);
SELECT pg_catalog.setval('public.receipt_id_seq', 15, true);
SELECT pg_catalog.setval('public.reconciliation_id_seq', 1, false);
SELECT pg_catalog.setval('public.stop_order_id_seq', 1, false);
ALTER TABLE ONLY public.alembic_version
    ADD CONSTRAINT alembic_version_pkc PRIMARY KEY (version_num);
ALTER TABLE ONLY public.accepted_plan
    ADD CONSTRAINT pk_accepted_plan PRIMARY KEY (id);
ALTER TABLE ONLY public.attempt
    ADD CONSTRAINT pk_attempt PRIMARY KEY (id);
ALTER TABLE ONLY public.audit_arrival
    ADD CONSTRAINT pk_audit_arrival PRIMARY KEY (id);
ALTER TABLE ONLY public.audit_case
    ADD CONSTRAINT pk_audit_case PRIMARY KEY (request_id, number);
ALTER TABLE ONLY public.audit_message
    ADD CONSTRAINT pk_audit_message PRIMARY KEY (id);
ALTER TABLE ONLY public.audit_paper
    ADD CONSTRAINT pk_audit_paper PRIMARY KEY (id);
ALTER TABLE ONLY public.audit_request
    ADD CONSTRAINT pk_audit_request PRIMARY KEY (id);
ALTER TABLE ONLY public.batch
    ADD CONSTRAINT pk_batch PRIMARY KEY (id);
ALTER TABLE ONLY public.certificate_answer
    ADD CONSTRAINT pk_certificate_answer PRIMARY KEY (unit, case_key, number);
ALTER TABLE ONLY public.certificate_use
    ADD CONSTRAINT pk_certificate_use PRIMARY KEY (lane_id, key);
ALTER TABLE ONLY public.content_bundle
    ADD CONSTRAINT pk_content_bundle PRIMARY KEY (digest);
ALTER TABLE ONLY public.correction
    ADD CONSTRAINT pk_correction PRIMARY KEY (id);
ALTER TABLE ONLY public.dead_letter
    ADD CONSTRAINT pk_dead_letter PRIMARY KEY (id);
ALTER TABLE ONLY public.difference
    ADD CONSTRAINT pk_difference PRIMARY KEY (id);
ALTER TABLE ONLY public.digest_leaf
    ADD CONSTRAINT pk_digest_leaf PRIMARY KEY (lane_id, bucket, key);
ALTER TABLE ONLY public.digest_node
    ADD CONSTRAINT pk_digest_node PRIMARY KEY (lane_id, path);
ALTER TABLE ONLY public.digest_tree
    ADD CONSTRAINT pk_digest_tree PRIMARY KEY (lane_id);
ALTER TABLE ONLY public.drift
    ADD CONSTRAINT pk_drift PRIMARY KEY (id);
ALTER TABLE ONLY public.enquiry
    ADD CONSTRAINT pk_enquiry PRIMARY KEY (id);
ALTER TABLE ONLY public.evidence
    ADD CONSTRAINT pk_evidence PRIMARY KEY (sequence);
ALTER TABLE ONLY public.extraction
    ADD CONSTRAINT pk_extraction PRIMARY KEY (id);
ALTER TABLE ONLY public.fact_class
    ADD CONSTRAINT pk_fact_class PRIMARY KEY (id);
ALTER TABLE ONLY public.finding
    ADD CONSTRAINT pk_finding PRIMARY KEY (id);
ALTER TABLE ONLY public.followup_due
    ADD CONSTRAINT pk_followup_due PRIMARY KEY (lane_id, sequence, key, rule);
ALTER TABLE ONLY public.followup_met
    ADD CONSTRAINT pk_followup_met PRIMARY KEY (lane_id, sequence, key, rule);
ALTER TABLE ONLY public.followup_scan
    ADD CONSTRAINT pk_followup_scan PRIMARY KEY (lane_id);
ALTER TABLE ONLY public.inspector_entry
    ADD CONSTRAINT pk_inspector_entry PRIMARY KEY (from_version, number);
ALTER TABLE ONLY public.inspector_list
    ADD CONSTRAINT pk_inspector_list PRIMARY KEY (version);
ALTER TABLE ONLY public.inspector_refusal
    ADD CONSTRAINT pk_inspector_refusal PRIMARY KEY (id);
ALTER TABLE ONLY public.inspector_scan
    ADD CONSTRAINT pk_inspector_scan PRIMARY KEY (lane_id);
ALTER TABLE ONLY public.inspector_writeback
    ADD CONSTRAINT pk_inspector_writeback PRIMARY KEY (unit);
ALTER TABLE ONLY public.lane
    ADD CONSTRAINT pk_lane PRIMARY KEY (id);
ALTER TABLE ONLY public.lane_content
    ADD CONSTRAINT pk_lane_content PRIMARY KEY (id);
ALTER TABLE ONLY public.receipt
    ADD CONSTRAINT pk_receipt PRIMARY KEY (id);
ALTER TABLE ONLY public.reconciliation
    ADD CONSTRAINT pk_reconciliation PRIMARY KEY (id);
ALTER TABLE ONLY public.record_version
    ADD CONSTRAINT pk_record_version PRIMARY KEY (lane_id, sequence, "position");
ALTER TABLE ONLY public.report_fact
    ADD CONSTRAINT pk_report_fact PRIMARY KEY (lane_id, sequence, class_id);
ALTER TABLE ONLY public.report_message
    ADD CONSTRAINT pk_report_message PRIMARY KEY (id);
ALTER TABLE ONLY public.run
    ADD CONSTRAINT pk_run PRIMARY KEY (id);
ALTER TABLE ONLY public.run_count
    ADD CONSTRAINT pk_run_count PRIMARY KEY (run_id, lane_id);
ALTER TABLE ONLY public.stop_order
    ADD CONSTRAINT pk_stop_order PRIMARY KEY (id);
ALTER TABLE ONLY public.audit_arrival
    ADD CONSTRAINT uq_audit_arrival_unit_name_digest UNIQUE (unit, name, digest);
ALTER TABLE ONLY public.audit_message
    ADD CONSTRAINT uq_audit_message_request_id_kind_number UNIQUE (request_id, kind, number);
ALTER TABLE ONLY public.audit_paper
    ADD CONSTRAINT uq_audit_paper_request_id_number_type UNIQUE (request_id, number, type);
ALTER TABLE ONLY public.batch
    ADD CONSTRAINT uq_batch_lane_id_sequence UNIQUE (lane_id, sequence);
ALTER TABLE ONLY public.dead_letter
    ADD CONSTRAINT uq_dead_letter_lane_id_identity UNIQUE (lane_id, identity);
ALTER TABLE ONLY public.digest_leaf
    ADD CONSTRAINT uq_digest_leaf_lane_id_key UNIQUE (lane_id, key);
ALTER TABLE ONLY public.fact_class
    ADD CONSTRAINT uq_fact_class_lane_id_label UNIQUE (lane_id, label);
ALTER TABLE ONLY public.inspector_refusal
    ADD CONSTRAINT uq_inspector_refusal_name_file_digest_code UNIQUE (name, file_digest, code);
ALTER TABLE ONLY public.lane
    ADD CONSTRAINT uq_lane_unit_kind UNIQUE (unit, kind);
ALTER TABLE ONLY public.record_version
    ADD CONSTRAINT uq_record_version_lane_id_key_sequence UNIQUE (lane_id, key, sequence);
ALTER TABLE ONLY public.report_message
    ADD CONSTRAINT uq_report_message_unit_month_edition UNIQUE (unit, month, edition);
CREATE INDEX ix_accepted_plan_lane_id ON public.accepted_plan USING btree (lane_id);
CREATE INDEX ix_attempt_batch_id ON public.attempt USING btree (batch_id);
CREATE INDEX ix_audit_message_state ON public.audit_message USING btree (state);
CREATE INDEX ix_audit_request_unit_state ON public.audit_request USING btree (unit, state);
CREATE INDEX ix_batch_state ON public.batch USING btree (state);
CREATE INDEX ix_certificate_use_number ON public.certificate_use USING btree (number);
CREATE INDEX ix_correction_dead_letter_id ON public.correction USING btree (dead_letter_id);
CREATE INDEX ix_correction_state ON public.correction USING btree (state);
CREATE INDEX ix_dead_letter_key ON public.dead_letter USING btree (key);
CREATE INDEX ix_dead_letter_lane_id_state ON public.dead_letter USING btree (lane_id, state);
CREATE INDEX ix_difference_lane_id_side_key ON public.difference USING btree (lane_id, side, key);
CREATE INDEX ix_difference_state ON public.difference USING btree (state);
CREATE INDEX ix_digest_node_lane_id_parent ON public.digest_node USING btree (lane_id, parent);
CREATE INDEX ix_drift_lane_id_state ON public.drift USING btree (lane_id, state);
CREATE INDEX ix_enquiry_unit_answered_at ON public.enquiry USING btree (unit, answered_at);
CREATE INDEX ix_extraction_lane_id_state ON public.extraction USING btree (lane_id, state);
CREATE INDEX ix_finding_lane_id_key ON public.finding USING btree (lane_id, key);
CREATE INDEX ix_finding_rule ON public.finding USING btree (rule);
CREATE INDEX ix_followup_due_rule_due ON public.followup_due USING btree (rule, due);
CREATE INDEX ix_followup_met_rule_subject ON public.followup_met USING btree (rule, subject);
CREATE INDEX ix_inspector_entry_number ON public.inspector_entry USING btree (number);
CREATE INDEX ix_inspector_entry_until_version ON public.inspector_entry USING btree (until_version);
CREATE INDEX ix_inspector_visit_number ON public.inspector_visit USING btree (number);
CREATE INDEX ix_lane_content_lane_id ON public.lane_content USING btree (lane_id);
CREATE INDEX ix_receipt_batch_id ON public.receipt USING btree (batch_id);
CREATE INDEX ix_reconciliation_lane_id_at ON public.reconciliation USING btree (lane_id, at);
CREATE INDEX ix_reconciliation_run_id ON public.reconciliation USING btree (run_id);
CREATE INDEX ix_report_message_state ON public.report_message USING btree (state);
CREATE INDEX ix_stop_order_lifted_at ON public.stop_order USING btree (lifted_at);
ALTER TABLE ONLY public.accepted_plan
    ADD CONSTRAINT fk_accepted_plan_lane_id FOREIGN KEY (lane_id) REFERENCES public.lane(id);
ALTER TABLE ONLY public.attempt
    ADD CONSTRAINT fk_attempt_batch_id FOREIGN KEY (batch_id) REFERENCES public.batch(id);
ALTER TABLE ONLY public.audit_case
    ADD CONSTRAINT fk_audit_case_request_id FOREIGN KEY (request_id) REFERENCES public.audit_request(id);
ALTER TABLE ONLY public.audit_message
    ADD CONSTRAINT fk_audit_message_request_id FOREIGN KEY (request_id) REFERENCES public.audit_request(id);
ALTER TABLE ONLY public.audit_paper
    ADD CONSTRAINT fk_audit_paper_request_id FOREIGN KEY (request_id) REFERENCES public.audit_request(id);
ALTER TABLE ONLY public.batch
    ADD CONSTRAINT fk_batch_lane_id FOREIGN KEY (lane_id) REFERENCES public.lane(id);
ALTER TABLE ONLY public.batch
    ADD CONSTRAINT fk_batch_run_id FOREIGN KEY (run_id) REFERENCES public.run(id);
ALTER TABLE ONLY public.certificate_answer
    ADD CONSTRAINT fk_certificate_answer_enquiry_id FOREIGN KEY (enquiry_id) REFERENCES public.enquiry(id);
ALTER TABLE ONLY public.certificate_use
    ADD CONSTRAINT fk_certificate_use_lane_id FOREIGN KEY (lane_id) REFERENCES public.lane(id);
ALTER TABLE ONLY public.correction
    ADD CONSTRAINT fk_correction_dead_letter_id FOREIGN KEY (dead_letter_id) REFERENCES public.dead_letter(id);
ALTER TABLE ONLY public.dead_letter
    ADD CONSTRAINT fk_dead_letter_lane_id FOREIGN KEY (lane_id) REFERENCES public.lane(id);
ALTER TABLE ONLY public.difference
    ADD CONSTRAINT fk_difference_first_found FOREIGN KEY (first_found) REFERENCES public.reconciliation(id);
ALTER TABLE ONLY public.difference
    ADD CONSTRAINT fk_difference_lane_id FOREIGN KEY (lane_id) REFERENCES public.lane(id);
ALTER TABLE ONLY public.difference
    ADD CONSTRAINT fk_difference_last_found FOREIGN KEY (last_found) REFERENCES public.reconciliation(id);
ALTER TABLE ONLY public.digest_leaf
    ADD CONSTRAINT fk_digest_leaf_lane_id FOREIGN KEY (lane_id) REFERENCES public.lane(id);
ALTER TABLE ONLY public.digest_node
    ADD CONSTRAINT fk_digest_node_lane_id FOREIGN KEY (lane_id) REFERENCES public.lane(id);
ALTER TABLE ONLY public.digest_tree
    ADD CONSTRAINT fk_digest_tree_lane_id FOREIGN KEY (lane_id) REFERENCES public.lane(id);
ALTER TABLE ONLY public.drift
    ADD CONSTRAINT fk_drift_lane_id FOREIGN KEY (lane_id) REFERENCES public.lane(id);
ALTER TABLE ONLY public.extraction
    ADD CONSTRAINT fk_extraction_lane_id FOREIGN KEY (lane_id) REFERENCES public.lane(id);
ALTER TABLE ONLY public.extraction
    ADD CONSTRAINT fk_extraction_run_id FOREIGN KEY (run_id) REFERENCES public.run(id);
ALTER TABLE ONLY public.fact_class
    ADD CONSTRAINT fk_fact_class_lane_id FOREIGN KEY (lane_id) REFERENCES public.lane(id);
ALTER TABLE ONLY public.finding
    ADD CONSTRAINT fk_finding_lane_id FOREIGN KEY (lane_id) REFERENCES public.lane(id);
ALTER TABLE ONLY public.followup_due
    ADD CONSTRAINT fk_followup_due_lane_id FOREIGN KEY (lane_id) REFERENCES public.lane(id);
ALTER TABLE ONLY public.followup_met
    ADD CONSTRAINT fk_followup_met_lane_id FOREIGN KEY (lane_id) REFERENCES public.lane(id);
ALTER TABLE ONLY public.followup_scan
    ADD CONSTRAINT fk_followup_scan_lane_id FOREIGN KEY (lane_id) REFERENCES public.lane(id);
ALTER TABLE ONLY public.inspector_scan
    ADD CONSTRAINT fk_inspector_scan_lane_id FOREIGN KEY (lane_id) REFERENCES public.lane(id);
ALTER TABLE ONLY public.inspector_visit
    ADD CONSTRAINT fk_inspector_visit_lane_id FOREIGN KEY (lane_id) REFERENCES public.lane(id);
ALTER TABLE ONLY public.lane_content
    ADD CONSTRAINT fk_lane_content_lane_id FOREIGN KEY (lane_id) REFERENCES public.lane(id);
ALTER TABLE ONLY public.reconciliation
    ADD CONSTRAINT fk_reconciliation_lane_id FOREIGN KEY (lane_id) REFERENCES public.lane(id);
ALTER TABLE ONLY public.reconciliation
    ADD CONSTRAINT fk_reconciliation_run_id FOREIGN KEY (run_id) REFERENCES public.run(id);
ALTER TABLE ONLY public.record_version
    ADD CONSTRAINT fk_record_version_lane_id FOREIGN KEY (lane_id) REFERENCES public.lane(id);
ALTER TABLE ONLY public.report_fact
    ADD CONSTRAINT fk_report_fact_lane_id FOREIGN KEY (lane_id) REFERENCES public.lane(id);
ALTER TABLE ONLY public.run_count
    ADD CONSTRAINT fk_run_count_lane_id FOREIGN KEY (lane_id) REFERENCES public.lane(id);
ALTER TABLE ONLY public.run_count
    ADD CONSTRAINT fk_run_count_run_id FOREIGN KEY (run_id) REFERENCES public.run(id);
