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
CREATE TABLE public.record_version (
    lane_id integer NOT NULL,
    key text NOT NULL,
    sequence bigint NOT NULL,
    digest bytea NOT NULL,
    previous bytea,
    "position" integer NOT NULL,
    ordering text,
    extraction_id bigint NOT NULL,
    source_row integer NOT NULL
);
COMMENT ON COLUMN public.record_version.key IS 'business key';
COMMENT ON COLUMN public.record_version.sequence IS 'sequence of the batch that carries this version';
COMMENT ON COLUMN public.record_version.digest IS 'version digest';
COMMENT ON COLUMN public.record_version.previous IS 'digest of the version sent before, null for the first';
COMMENT ON COLUMN public.record_version."position" IS 'place in the batch, from 0';
COMMENT ON COLUMN public.record_version.ordering IS 'newest_by sort key; null where the mapping declares none';
COMMENT ON COLUMN public.record_version.source_row IS 'row in the stored extraction, from 0';
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
ALTER TABLE ONLY public.attempt ALTER COLUMN id SET DEFAULT nextval('public.attempt_id_seq'::regclass);
ALTER TABLE ONLY public.correction ALTER COLUMN id SET DEFAULT nextval('public.correction_id_seq'::regclass);
ALTER TABLE ONLY public.dead_letter ALTER COLUMN id SET DEFAULT nextval('public.dead_letter_id_seq'::regclass);
ALTER TABLE ONLY public.extraction ALTER COLUMN id SET DEFAULT nextval('public.extraction_id_seq'::regclass);
ALTER TABLE ONLY public.finding ALTER COLUMN id SET DEFAULT nextval('public.finding_id_seq'::regclass);
ALTER TABLE ONLY public.lane ALTER COLUMN id SET DEFAULT nextval('public.lane_id_seq'::regclass);
ALTER TABLE ONLY public.receipt ALTER COLUMN id SET DEFAULT nextval('public.receipt_id_seq'::regclass);
ALTER TABLE ONLY public.stop_order ALTER COLUMN id SET DEFAULT nextval('public.stop_order_id_seq'::regclass);
INSERT INTO public.alembic_version VALUES ('0003');
INSERT INTO public.attempt VALUES (1, '320000-certificate-00000001', '20261123T023000-e8f639', '2026-11-23T02:30:00.028000+08:00', 'sent', NULL);
INSERT INTO public.attempt VALUES (2, '320000-certificate-00000002', '20261123T023000-e8f639', '2026-11-23T02:30:00.034000+08:00', 'sent', NULL);
INSERT INTO public.attempt VALUES (3, '320000-certificate-00000003', '20261123T023000-e8f639', '2026-11-23T02:30:00.060000+08:00', 'sent', NULL);
INSERT INTO public.attempt VALUES (4, '320000-certificate-00000004', '20261123T023000-e8f639', '2026-11-23T02:30:00.063000+08:00', 'sent', NULL);
INSERT INTO public.attempt VALUES (5, '320000-certificate-00000005', '20261124T023000-165d84', '2026-11-24T02:30:00.108000+08:00', 'sent', NULL);
INSERT INTO public.attempt VALUES (6, '320000-certificate-00000006', '20261125T023000-4030bc', '2026-11-25T02:30:00.137000+08:00', 'transient', 'ECQS-5001 127.0.0.1:40577: headquarters cannot be reached (Connection refused) Next: it is tried again; if it stays so, check host, port and firewall');
INSERT INTO public.attempt VALUES (7, '320000-certificate-00000006', '20261125T023000-4030bc', '2026-11-25T02:30:00.140000+08:00', 'transient', 'ECQS-5001 127.0.0.1:40577: headquarters cannot be reached (Connection refused) Next: it is tried again; if it stays so, check host, port and firewall');
INSERT INTO public.attempt VALUES (8, '320000-certificate-00000006', '20261126T023000-613b4a', '2026-11-26T02:30:00.149000+08:00', 'transient', 'ECQS-5001 127.0.0.1:40577: headquarters cannot be reached (Connection refused) Next: it is tried again; if it stays so, check host, port and firewall');
INSERT INTO public.attempt VALUES (9, '320000-certificate-00000006', '20261126T023000-613b4a', '2026-11-26T02:30:00.152000+08:00', 'transient', 'ECQS-5001 127.0.0.1:40577: headquarters cannot be reached (Connection refused) Next: it is tried again; if it stays so, check host, port and firewall');
INSERT INTO public.batch VALUES ('320000-certificate-00000002', 1, 2, '20261123T023000-e8f639', 3, 'ecqs_national', 'sha256:5d4d07493056c20346c9d42744aa06f8524d3244756e95335a1603da8dab6d48', '0.1.0', '\x3c3f786d6c2076657273696f6e3d22312e302220656e636f64696e673d225554462d38223f3e0a3c6d616e696665737420786d6c6e733d2275726e3a656371732d676174657761793a65786368616e67653a312e30222062617463683d223332303030302d63657274696669636174652d30303030303030322220756e69743d2233323030303022206b696e643d226365727469666963617465222073657175656e63653d22322220637265617465643d22323032362d31312d32335430323a33303a30302e3031333030302b30383a30302220736368656d613d22312e302220636f6e74656e743d227368613235363a356434643037343933303536633230333436633964343237343461613036663835323464333234343735366539353333356131363033646138646162366434382220656e67696e653d22302e312e3022207265636f7264733d223322207369676e61747572653d226564323535313922206b65793d2234316534303265353735623666313534222070726576696f75733d2264303436666363396635336238333639663962376434626137316164623566303566306339346134376363313630366333623061663334386166303832366261222065766964656e63653d2237363666373732393638663766306631336463303262363566646663643432323030336436393339313862343237636435613530396465616133623536303065222065766964656e63652d656e7472793d2234223e3c70617274206e616d653d2262617463682e786d6c2e677a22206d656469613d226170706c69636174696f6e2f677a697022206469676573742d616c676f726974686d3d227368612d32353622206469676573743d2261643661663037633364316537373164393038643262386433373932363837333564323338326636336531386638313234353938343664616439383461356562222073697a653d223639362220696e666c617465643d2231383639223e3c2f706172743e3c2f6d616e69666573743e', '\xe7ef0335c215ee047ef287ea381cb8d18d1c22a4a14dae9daa13b30bd2d8de40', '[["batch.xml.gz", "sha-256", "ad6af07c3d1e771d908d2b8d379268735d2382f63e18f812459846dad984a5eb"]]', 'outbox/320000/certificate/000001-320000-certificate-00000002.zip', '\x4310c85485b4031df1afe7c07b07809418486f1b93f112df56e768507e0bc03d', 1922, 'loaded', 0, 1, NULL, NULL, '2026-11-23T02:30:00.018000+08:00', '2026-11-23T02:30:00.034000+08:00', '2026-11-23T02:30:00.057000+08:00', NULL);
INSERT INTO public.batch VALUES ('320000-certificate-00000003', 1, 3, '20261123T023000-e8f639', 7, 'ecqs_national', 'sha256:5d4d07493056c20346c9d42744aa06f8524d3244756e95335a1603da8dab6d48', '0.1.0', '\x3c3f786d6c2076657273696f6e3d22312e302220656e636f64696e673d225554462d38223f3e0a3c6d616e696665737420786d6c6e733d2275726e3a656371732d676174657761793a65786368616e67653a312e30222062617463683d223332303030302d63657274696669636174652d30303030303030332220756e69743d2233323030303022206b696e643d226365727469666963617465222073657175656e63653d22332220637265617465643d22323032362d31312d32335430323a33303a30302e3031343030302b30383a30302220736368656d613d22312e302220636f6e74656e743d227368613235363a356434643037343933303536633230333436633964343237343461613036663835323464333234343735366539353333356131363033646138646162366434382220656e67696e653d22302e312e3022207265636f7264733d223722207369676e61747572653d226564323535313922206b65793d2234316534303265353735623666313534222070726576696f75733d2265376566303333356332313565653034376566323837656133383163623864313864316332326134613134646165396461613133623330626432643864653430222065766964656e63653d2266613634633335666235363332373036393863653936333434353934336563383034663032646436353163396662343833656365623132386233313033396332222065766964656e63652d656e7472793d2237223e3c70617274206e616d653d2262617463682e786d6c2e677a22206d656469613d226170706c69636174696f6e2f677a697022206469676573742d616c676f726974686d3d227368612d32353622206469676573743d2239353764623463663432323564656366626231316635633630376362396233343964653634613939326465616538386464353233633966376462623761303964222073697a653d223839352220696e666c617465643d2233393439223e3c2f706172743e3c2f6d616e69666573743e', '\x2c5d6ea49e87aa151a1e5128f809a9406a6b521832ea7b0a6ca2e3b58bb342de', '[["batch.xml.gz", "sha-256", "957db4cf4225decfbb11f5c607cb9b349de64a992deae88dd523c9f7dbb7a09d"]]', 'outbox/320000/certificate/000001-320000-certificate-00000003.zip', '\xb7cce8f997b188cd22afe03bc7ac21221cad804d828db8a92e9646ab7f5d2392', 2121, 'loaded', 0, 1, NULL, NULL, '2026-11-23T02:30:00.023000+08:00', '2026-11-23T02:30:00.060000+08:00', '2026-11-23T02:30:00.075000+08:00', NULL);
INSERT INTO public.batch VALUES ('320000-certificate-00000004', 1, 4, '20261123T023000-e8f639', 2, 'ecqs_national', 'sha256:5d4d07493056c20346c9d42744aa06f8524d3244756e95335a1603da8dab6d48', '0.1.0', '\x3c3f786d6c2076657273696f6e3d22312e302220656e636f64696e673d225554462d38223f3e0a3c6d616e696665737420786d6c6e733d2275726e3a656371732d676174657761793a65786368616e67653a312e30222062617463683d223332303030302d63657274696669636174652d30303030303030342220756e69743d2233323030303022206b696e643d226365727469666963617465222073657175656e63653d22342220637265617465643d22323032362d31312d32335430323a33303a30302e3031353030302b30383a30302220736368656d613d22312e302220636f6e74656e743d227368613235363a356434643037343933303536633230333436633964343237343461613036663835323464333234343735366539353333356131363033646138646162366434382220656e67696e653d22302e312e3022207265636f7264733d223222207369676e61747572653d226564323535313922206b65793d2234316534303265353735623666313534222070726576696f75733d2232633564366561343965383761613135316131653531323866383039613934303661366235323138333265613762306136636132653362353862623334326465222065766964656e63653d2266613634633335666235363332373036393863653936333434353934336563383034663032646436353163396662343833656365623132386233313033396332222065766964656e63652d656e7472793d2237223e3c70617274206e616d653d2262617463682e786d6c2e677a22206d656469613d226170706c69636174696f6e2f677a697022206469676573742d616c676f726974686d3d227368612d32353622206469676573743d2261353464383031366261353235313161643934376361376533663235326536396166396561383061356435653332393463643463353863616432326164616161222073697a653d223633382220696e666c617465643d2231333439223e3c2f706172743e3c2f6d616e69666573743e', '\x0e186253ea052553119178cafb8c35ae986488dfa486789bd109e3a8d06f3747', '[["batch.xml.gz", "sha-256", "a54d8016ba52511ad947ca7e3f252e69af9ea80a5d5e3294cd4c58cad22adaaa"]]', 'outbox/320000/certificate/000001-320000-certificate-00000004.zip', '\x434af56ea596518dfa043019ff7ca73054fc033507dd9f2f95559b378bd2fd41', 1864, 'loaded', 0, 1, NULL, NULL, '2026-11-23T02:30:00.024000+08:00', '2026-11-23T02:30:00.063000+08:00', '2026-11-23T02:30:00.086000+08:00', NULL);
INSERT INTO public.batch VALUES ('320000-certificate-00000001', 1, 1, '20261123T023000-e8f639', 7, 'ecqs_national', 'sha256:5d4d07493056c20346c9d42744aa06f8524d3244756e95335a1603da8dab6d48', '0.1.0', '\x3c3f786d6c2076657273696f6e3d22312e302220656e636f64696e673d225554462d38223f3e0a3c6d616e696665737420786d6c6e733d2275726e3a656371732d676174657761793a65786368616e67653a312e30222062617463683d223332303030302d63657274696669636174652d30303030303030312220756e69743d2233323030303022206b696e643d226365727469666963617465222073657175656e63653d22312220637265617465643d22323032362d31312d32335430323a33303a30302e3031323030302b30383a30302220736368656d613d22312e302220636f6e74656e743d227368613235363a356434643037343933303536633230333436633964343237343461613036663835323464333234343735366539353333356131363033646138646162366434382220656e67696e653d22302e312e3022207265636f7264733d223722207369676e61747572653d226564323535313922206b65793d2234316534303265353735623666313534222065766964656e63653d2237363666373732393638663766306631336463303262363566646663643432323030336436393339313862343237636435613530396465616133623536303065222065766964656e63652d656e7472793d2234223e3c70617274206e616d653d2262617463682e786d6c2e677a22206d656469613d226170706c69636174696f6e2f677a697022206469676573742d616c676f726974686d3d227368612d32353622206469676573743d2265653361333833323736663462633965343563343739313832633866366637646263326663626232633237366331363139316633356561333637353431616565222073697a653d223839322220696e666c617465643d2233393439223e3c2f706172743e3c2f6d616e69666573743e', '\xd046fcc9f53b8369f9b7d4ba71adb5f05f0c94a47cc1606c3b0af348af0826ba', '[["batch.xml.gz", "sha-256", "ee3a383276f4bc9e45c479182c8f6f7dbc2fcbb2c276c16191f35ea367541aee"]]', 'outbox/320000/certificate/000001-320000-certificate-00000001.zip', '\x38bfa2f5c58ab62bd0f011ba2ffe65dab353831270d41c45bf012a6d30c14196', 2042, 'loaded', 0, 1, NULL, NULL, '2026-11-23T02:30:00.017000+08:00', '2026-11-23T02:30:00.028000+08:00', '2026-11-23T02:30:00.046000+08:00', NULL);
INSERT INTO public.batch VALUES ('320000-certificate-00000005', 1, 5, '20261124T023000-165d84', 3, 'ecqs_national', 'sha256:5d4d07493056c20346c9d42744aa06f8524d3244756e95335a1603da8dab6d48', '0.1.0', '\x3c3f786d6c2076657273696f6e3d22312e302220656e636f64696e673d225554462d38223f3e0a3c6d616e696665737420786d6c6e733d2275726e3a656371732d676174657761793a65786368616e67653a312e30222062617463683d223332303030302d63657274696669636174652d30303030303030352220756e69743d2233323030303022206b696e643d226365727469666963617465222073657175656e63653d22352220637265617465643d22323032362d31312d32345430323a33303a30302e3130313030302b30383a30302220736368656d613d22312e302220636f6e74656e743d227368613235363a356434643037343933303536633230333436633964343237343461613036663835323464333234343735366539353333356131363033646138646162366434382220656e67696e653d22302e312e3022207265636f7264733d223322207369676e61747572653d226564323535313922206b65793d2234316534303265353735623666313534222070726576696f75733d2230653138363235336561303532353533313139313738636166623863333561653938363438386466613438363738396264313039653361386430366633373437222065766964656e63653d2261316262363762656537656439646264333336333936376337343435396432313062393863333039386639353231343666613662663738393163393732323761222065766964656e63652d656e7472793d223331223e3c70617274206e616d653d2262617463682e786d6c2e677a22206d656469613d226170706c69636174696f6e2f677a697022206469676573742d616c676f726974686d3d227368612d32353622206469676573743d2232326464343863323965393336616334346661623037383832643136366135363031623339613936613463353233333066306462616333643636383738646330222073697a653d223834372220696e666c617465643d2232323937223e3c2f706172743e3c2f6d616e69666573743e', '\x6fa8e9a46d1163ab0b0748afc94cc6805b6235459886c0a37b36ad620a20ec7c', '[["batch.xml.gz", "sha-256", "22dd48c29e936ac44fab07882d166a5601b39a96a4c52330f0dbac3d66878dc0"]]', 'outbox/320000/certificate/000002-320000-certificate-00000005.zip', '\x41df44150531dbd7359683a539be6089ea8fc64cbc6c941f7fd61a95ffb059a7', 2074, 'loaded', 0, 1, NULL, NULL, '2026-11-24T02:30:00.103000+08:00', '2026-11-24T02:30:00.108000+08:00', '2026-11-24T02:30:00.120000+08:00', NULL);
INSERT INTO public.batch VALUES ('320000-certificate-00000006', 1, 6, '20261125T023000-4030bc', 5, 'ecqs_national', 'sha256:5d4d07493056c20346c9d42744aa06f8524d3244756e95335a1603da8dab6d48', '0.1.0', '\x3c3f786d6c2076657273696f6e3d22312e302220656e636f64696e673d225554462d38223f3e0a3c6d616e696665737420786d6c6e733d2275726e3a656371732d676174657761793a65786368616e67653a312e30222062617463683d223332303030302d63657274696669636174652d30303030303030362220756e69743d2233323030303022206b696e643d226365727469666963617465222073657175656e63653d22362220637265617465643d22323032362d31312d32355430323a33303a30302e3133303030302b30383a30302220736368656d613d22312e302220636f6e74656e743d227368613235363a356434643037343933303536633230333436633964343237343461613036663835323464333234343735366539353333356131363033646138646162366434382220656e67696e653d22302e312e3022207265636f7264733d223522207369676e61747572653d226564323535313922206b65793d2234316534303265353735623666313534222070726576696f75733d2236666138653961343664313136336162306230373438616663393463633638303562363233353435393838366330613337623336616436323061323065633763222065766964656e63653d2265326361353137366562346566336562626563623762333431623066383465303335373033376563613464626630373933643530653765656533323566396633222065766964656e63652d656e7472793d223430223e3c70617274206e616d653d2262617463682e786d6c2e677a22206d656469613d226170706c69636174696f6e2f677a697022206469676573742d616c676f726974686d3d227368612d32353622206469676573743d2235326338393537353537333462306336623039616266346466386634636562643663663838613137326563316630366362323538626239363561616533346534222073697a653d223739352220696e666c617465643d2232393039223e3c2f706172743e3c2f6d616e69666573743e', '\xb18aaa87127075018b7c624f53a4f4c2d1124292083b75707949743436f35706', '[["batch.xml.gz", "sha-256", "52c895755734b0c6b09abf4df8f4cebd6cf88a172ec1f06cb258bb965aae34e4"]]', 'outbox/320000/certificate/000003-320000-certificate-00000006.zip', '\x2e507f8939abb351afad84a9d4382c100ef488c6f40d872eb5c4045bcf0bda62', 2022, 'sealed', 0, 4, '2026-11-26T02:30:00.166834+08:00', 'ECQS-5001 127.0.0.1:40577: headquarters cannot be reached (Connection refused) Next: it is tried again; if it stays so, check host, port and firewall', '2026-11-25T02:30:00.132000+08:00', NULL, NULL, NULL);
INSERT INTO public.content_bundle VALUES ('sha256:5d4d07493056c20346c9d42744aa06f8524d3244756e95335a1603da8dab6d48', 'content/5d4d07493056c20346c9d42744aa06f8524d3244756e95335a1603da8dab6d48.zip', '\x4d2a2908c34d97fb4b8c76ebbd401eacb697454fcb7f87fffe69490422cd6d86', 333750, '0.1.0', '2026-11-23T02:30:00.001000+08:00');
INSERT INTO public.dead_letter VALUES (1, 1, '200b626c4c600ea68374d3ffc45b671786a901e88b1696b3a929c2dc308277c1', 'mapping', '(苏)XK06-001-00020', '20', NULL, NULL, 2, 9, '[{"field":"issue_date","column":"fzrq","rule":"ECQS-1240","severity":"reject","clause":null,"message":"日期无法识别，应为年月日，如 2020-01-05"}]', '{"id":"20","zsbh":"苏XK06-001-00020","qymc":"远山电缆有限公司","tyshxydm":"91440300192317458F","cpmc":"架空绞线","fzrq":"昨天","yxqz":"2029-02-28","zt":"有效","gxsj":"2026-11-20 08:00:00"}', '{"number":"(苏)XK06-001-00020","holder.name":"远山电缆有限公司","holder.uscc":"91440300192317458F","holder.address":null,"test_method":null,"authority.name":"某某市场监督管理局","authority.uscc":null,"authority.area":"320000","issue_date":null,"valid_from":null,"valid_until":"2029-02-28","status":"01","status_cause":null,"status_note":null,"closing_date":null,"electronic_licence.id":null,"electronic_licence.file_digest":null,"products":[{"name":"架空绞线","product_class":null,"variety":null,"unit":null,"model":null}]}', 'sha256:5d4d07493056c20346c9d42744aa06f8524d3244756e95335a1603da8dab6d48', '0.1.0', 'resolved', '20261123T023000-e8f639', '20261123T023000-e8f639', '2026-11-23T02:30:00.026000+08:00', '2026-11-24T02:30:00.104000+08:00', 'version 8b5f82d555f3a004fd384a912f7c03a5373b34db8b5e64e17a7584c2d015400c', NULL);
INSERT INTO public.evidence VALUES (1, '2026-11-23T02:30:00.002000+08:00', 'content kept', 'sha256:5d4d07493056c20346c9d42744aa06f8524d3244756e95335a1603da8dab6d48', '{"archive":"4d2a2908c34d97fb4b8c76ebbd401eacb697454fcb7f87fffe69490422cd6d86","files":52,"size":333750}', '\x4e6b53e1c464ef5d7e25ce0c07bc353998c8d6754d6ce619d4738f8d8b40c319', '\x8aaf0fe60202f3b2f1178a397a8af1ac5fee4c40d9db95da00e5c9d2192c0f81');
INSERT INTO public.evidence VALUES (2, '2026-11-23T02:30:00.004000+08:00', 'run started', '20261123T023000-e8f639', '{"bundle":"sha256:5d4d07493056c20346c9d42744aa06f8524d3244756e95335a1603da8dab6d48","engine":"0.1.0","flow":"nightly"}', '\x8aaf0fe60202f3b2f1178a397a8af1ac5fee4c40d9db95da00e5c9d2192c0f81', '\x92b39dd15ca641bc98f07d803eb9be4574f739063a7d7de08e7beff99e5bf396');
INSERT INTO public.evidence VALUES (3, '2026-11-23T02:30:00.008000+08:00', 'extracted', '320000/certificate/1', '{"files":{"rows":"6692239b4f7528301881b76d29944ab352381204588afb494d78af087cf0ff19"},"rows":10}', '\x92b39dd15ca641bc98f07d803eb9be4574f739063a7d7de08e7beff99e5bf396', '\x947b9f78a542e833584ebfa26a65b081d0f390adbd8e1e802783fa24a93a0e9d');
INSERT INTO public.evidence VALUES (4, '2026-11-23T02:30:00.011000+08:00', 'extracted', '320000/certificate/2', '{"files":{"rows":"72470991c064c27476fbcc9c1a275d30acad70a5d10295f38670b9f764df4969"},"rows":10}', '\x947b9f78a542e833584ebfa26a65b081d0f390adbd8e1e802783fa24a93a0e9d', '\x766f772968f7f0f13dc02b65fdfcd422003d693918b427cd5a509deaa3b5600e');
INSERT INTO public.evidence VALUES (5, '2026-11-23T02:30:00.019000+08:00', 'sealed', '320000-certificate-00000001', '{"extraction":1,"manifest":"d046fcc9f53b8369f9b7d4ba71adb5f05f0c94a47cc1606c3b0af348af0826ba","package":"38bfa2f5c58ab62bd0f011ba2ffe65dab353831270d41c45bf012a6d30c14196","records":7}', '\x766f772968f7f0f13dc02b65fdfcd422003d693918b427cd5a509deaa3b5600e', '\x640de71dfb7bce635e0ea8c06015bb4387c7917e1afc80d965d2b872131f5e9d');
INSERT INTO public.evidence VALUES (6, '2026-11-23T02:30:00.020000+08:00', 'sealed', '320000-certificate-00000002', '{"extraction":1,"manifest":"e7ef0335c215ee047ef287ea381cb8d18d1c22a4a14dae9daa13b30bd2d8de40","package":"4310c85485b4031df1afe7c07b07809418486f1b93f112df56e768507e0bc03d","records":3}', '\x640de71dfb7bce635e0ea8c06015bb4387c7917e1afc80d965d2b872131f5e9d', '\x6e25f02d9c6c41e1d672912d10452e5693d1eee645890f9eb151a2d16cc8b12c');
INSERT INTO public.evidence VALUES (7, '2026-11-23T02:30:00.021000+08:00', 'prepared', '320000/certificate/1', '{"counts":{"batched":10,"extracted":10},"resolved":0}', '\x6e25f02d9c6c41e1d672912d10452e5693d1eee645890f9eb151a2d16cc8b12c', '\xfa64c35fb563270698ce963445943ec804f02dd651c9fb483eceb128b31039c2');
INSERT INTO public.evidence VALUES (8, '2026-11-23T02:30:00.030000+08:00', 'sealed', '320000-certificate-00000003', '{"extraction":2,"manifest":"2c5d6ea49e87aa151a1e5128f809a9406a6b521832ea7b0a6ca2e3b58bb342de","package":"b7cce8f997b188cd22afe03bc7ac21221cad804d828db8a92e9646ab7f5d2392","records":7}', '\xfa64c35fb563270698ce963445943ec804f02dd651c9fb483eceb128b31039c2', '\xa1e638d3d0fed328fb4ebbdf4e1853b558e7858dcbca48852f0e655c8f73057f');
INSERT INTO public.evidence VALUES (9, '2026-11-23T02:30:00.031000+08:00', 'sealed', '320000-certificate-00000004', '{"extraction":2,"manifest":"0e186253ea052553119178cafb8c35ae986488dfa486789bd109e3a8d06f3747","package":"434af56ea596518dfa043019ff7ca73054fc033507dd9f2f95559b378bd2fd41","records":2}', '\xa1e638d3d0fed328fb4ebbdf4e1853b558e7858dcbca48852f0e655c8f73057f', '\x2ffc4e0cdeaff1290e3da57a1577908160073f03fe28dc315898bed880bd3e3f');
INSERT INTO public.evidence VALUES (10, '2026-11-23T02:30:00.032000+08:00', 'prepared', '320000/certificate/2', '{"counts":{"batched":9,"dead_new":1,"extracted":10},"resolved":0}', '\x2ffc4e0cdeaff1290e3da57a1577908160073f03fe28dc315898bed880bd3e3f', '\x2a165bcfb3ac43488f93264f1a5a86a12a7498b6649d87b12d06c4720a9c3571');
INSERT INTO public.evidence VALUES (11, '2026-11-23T02:30:00.033000+08:00', 'sent', '320000-certificate-00000001', '{"package":"38bfa2f5c58ab62bd0f011ba2ffe65dab353831270d41c45bf012a6d30c14196"}', '\x2a165bcfb3ac43488f93264f1a5a86a12a7498b6649d87b12d06c4720a9c3571', '\x61cd6c15172a3259db017e71aae7fc49894daa8e89ad41cee1c56a935f5cefcb');
INSERT INTO public.evidence VALUES (12, '2026-11-23T02:30:00.036000+08:00', 'sent', '320000-certificate-00000002', '{"package":"4310c85485b4031df1afe7c07b07809418486f1b93f112df56e768507e0bc03d"}', '\x61cd6c15172a3259db017e71aae7fc49894daa8e89ad41cee1c56a935f5cefcb', '\x34d9bbec3f320d6cb974f7ef5842870a257d930f7d9fac0d1fe62dad73ad3ecb');
INSERT INTO public.evidence VALUES (13, '2026-11-23T02:30:00.039000+08:00', 'receipt', '320000-certificate-00000001', '{"level":"received","number":1,"receipt":"462aff87ca178137fc527be88b14d32603638d33ee27f03baf84c72fa1d917c8"}', '\x34d9bbec3f320d6cb974f7ef5842870a257d930f7d9fac0d1fe62dad73ad3ecb', '\x4b590b2fe4ec472e682a17b44113c249b5dfd754229e4f76aa719fc135954205');
INSERT INTO public.evidence VALUES (14, '2026-11-23T02:30:00.042000+08:00', 'receipt', '320000-certificate-00000001', '{"level":"validated","number":2,"receipt":"223c4241472eb56b44f163a8ac2fb05bc5112483f0a17d472a3c9ed07b9106ff"}', '\x4b590b2fe4ec472e682a17b44113c249b5dfd754229e4f76aa719fc135954205', '\x27de2574309c203228d433e80ecea106f8a807374061b71773783f14ce572030');
INSERT INTO public.evidence VALUES (15, '2026-11-23T02:30:00.047000+08:00', 'receipt', '320000-certificate-00000001', '{"level":"loaded","number":3,"receipt":"d529468606a5f242eb4436b6ca490d2c1ac14d5ddc9f62fba20e6deea66f9f0a"}', '\x27de2574309c203228d433e80ecea106f8a807374061b71773783f14ce572030', '\x099d715e1ed8310a10699dcf9acca87c7b3ab9d43996c1063a85c1066e7b5999');
INSERT INTO public.evidence VALUES (16, '2026-11-23T02:30:00.050000+08:00', 'receipt', '320000-certificate-00000002', '{"level":"received","number":4,"receipt":"2ecad1d1b990d02a856db76744395b6f4115cfc95820a830f3012f4a58e053db"}', '\x099d715e1ed8310a10699dcf9acca87c7b3ab9d43996c1063a85c1066e7b5999', '\x64062a9dbb19ea89eab0c097663c0465e8ddf397274ae59a6a35b0d3d4d8e43d');
INSERT INTO public.evidence VALUES (17, '2026-11-23T02:30:00.053000+08:00', 'receipt', '320000-certificate-00000002', '{"level":"validated","number":5,"receipt":"3c638a9bee08a7fe481efeeed7bc41121d64b90e997a8162f8946e7a474cb816"}', '\x64062a9dbb19ea89eab0c097663c0465e8ddf397274ae59a6a35b0d3d4d8e43d', '\x9052b9c8f83174e81cd187f7f82005e0402247ecdec0c0f99fd8602e98a11b0c');
INSERT INTO public.evidence VALUES (18, '2026-11-23T02:30:00.058000+08:00', 'receipt', '320000-certificate-00000002', '{"level":"loaded","number":6,"receipt":"c65974aa267a895adf8f48cef35b03278c8ab1e8468a12fbd6fcf637bf1f5310"}', '\x9052b9c8f83174e81cd187f7f82005e0402247ecdec0c0f99fd8602e98a11b0c', '\x04edc2ed0ce37095c85a7ef6b8722a6556e2b44585dcc78f56a891820d5107c1');
INSERT INTO public.evidence VALUES (19, '2026-11-23T02:30:00.062000+08:00', 'sent', '320000-certificate-00000003', '{"package":"b7cce8f997b188cd22afe03bc7ac21221cad804d828db8a92e9646ab7f5d2392"}', '\x04edc2ed0ce37095c85a7ef6b8722a6556e2b44585dcc78f56a891820d5107c1', '\xfcfb77688aea210c5eecf79f47d9eaace9b7ce7a27c4e9865a3a2a5f80ea1f38');
INSERT INTO public.evidence VALUES (20, '2026-11-23T02:30:00.065000+08:00', 'sent', '320000-certificate-00000004', '{"package":"434af56ea596518dfa043019ff7ca73054fc033507dd9f2f95559b378bd2fd41"}', '\xfcfb77688aea210c5eecf79f47d9eaace9b7ce7a27c4e9865a3a2a5f80ea1f38', '\x5c5da0f01ca33dca44e3a1e02bca2da8e9e979b77f0586b72b4127790f28823a');
INSERT INTO public.evidence VALUES (21, '2026-11-23T02:30:00.068000+08:00', 'receipt', '320000-certificate-00000003', '{"level":"received","number":7,"receipt":"7b5245802e0a37f84cd4f8a943860c848943f0e59eff359ebf0d4814c3b02986"}', '\x5c5da0f01ca33dca44e3a1e02bca2da8e9e979b77f0586b72b4127790f28823a', '\x469a83ce98675c5290574285fa792496bae7bd9e207ab87f16abf77fff1ac966');
INSERT INTO public.evidence VALUES (22, '2026-11-23T02:30:00.071000+08:00', 'receipt', '320000-certificate-00000003', '{"level":"validated","number":8,"receipt":"7b40eb89c2bfeb482d420c6881547c45c64e321f2392560c6a6f16fe8c60d78d"}', '\x469a83ce98675c5290574285fa792496bae7bd9e207ab87f16abf77fff1ac966', '\x153f1a69e77615478d95db584a5cff22079c19d4324c1930ffe2903ca5a0f267');
INSERT INTO public.evidence VALUES (23, '2026-11-23T02:30:00.076000+08:00', 'receipt', '320000-certificate-00000003', '{"level":"loaded","number":9,"receipt":"ffd4e740a94f5aeeabd8498e6073130e968ec65227891f36beee2fa7ffc92229"}', '\x153f1a69e77615478d95db584a5cff22079c19d4324c1930ffe2903ca5a0f267', '\x58b13ad8fd37cf51a6907433a9ec1c28b33bfb506b16637383d4640c75bbfc2e');
INSERT INTO public.evidence VALUES (24, '2026-11-23T02:30:00.079000+08:00', 'receipt', '320000-certificate-00000004', '{"level":"received","number":10,"receipt":"bb91712ca7791b1ddbbc59f5bcc1e0fbc5037d4f921da98fd9d5b63006894e3b"}', '\x58b13ad8fd37cf51a6907433a9ec1c28b33bfb506b16637383d4640c75bbfc2e', '\x9d604241019c744930cf020d928d87e82d5b412fab353dc0a3991386eda6a5d3');
INSERT INTO public.evidence VALUES (25, '2026-11-23T02:30:00.082000+08:00', 'receipt', '320000-certificate-00000004', '{"level":"validated","number":11,"receipt":"46efe95f0570499857c7bc7852a94a612637b1f8029a0de270c2934e7d73c03a"}', '\x9d604241019c744930cf020d928d87e82d5b412fab353dc0a3991386eda6a5d3', '\x6ac87fc7f436bda4b5b0c78ba62f08ba369da84821758868a110c3e644b90153');
INSERT INTO public.evidence VALUES (26, '2026-11-23T02:30:00.087000+08:00', 'receipt', '320000-certificate-00000004', '{"level":"loaded","number":12,"receipt":"fab6cea486cc1b30d8059fc0f5f770b2cd898a6636f0fbb9e5aac340c83ba384"}', '\x6ac87fc7f436bda4b5b0c78ba62f08ba369da84821758868a110c3e644b90153', '\xe78e2bd89d2416b2249b8a27a2f70b32403ce76a628a564d6d0d9a5e455cebbe');
INSERT INTO public.evidence VALUES (27, '2026-11-23T02:30:00.089000+08:00', 'run closed', '20261123T023000-e8f639', '{"counts":{"batched":19,"dead_new":1,"extracted":20,"loaded":19,"sent":19},"state":"done"}', '\xe78e2bd89d2416b2249b8a27a2f70b32403ce76a628a564d6d0d9a5e455cebbe', '\x69307ead10271734e0afecbf870b845848278eaf2afbbf3b52fb60bd627f33a6');
INSERT INTO public.evidence VALUES (28, '2026-11-24T02:30:00.091000+08:00', 'run started', '20261124T023000-165d84', '{"bundle":"sha256:5d4d07493056c20346c9d42744aa06f8524d3244756e95335a1603da8dab6d48","engine":"0.1.0","flow":"nightly"}', '\x69307ead10271734e0afecbf870b845848278eaf2afbbf3b52fb60bd627f33a6', '\x2d2837c202d245b37ae5c230ad7c7a8828af233c73520701419aaf781d56aa99');
INSERT INTO public.evidence VALUES (29, '2026-11-24T02:30:00.095000+08:00', 'extracted', '320000/certificate/3', '{"files":{"rows":"08bb72acbf19765e77bd29b2026f634213a3f618dce18d9b1b82e405fb18937b"},"rows":10}', '\x2d2837c202d245b37ae5c230ad7c7a8828af233c73520701419aaf781d56aa99', '\x0d897d0056b40d29bae19502f2ba82f42defba69c6867bae2bd40474fa81366d');
INSERT INTO public.evidence VALUES (30, '2026-11-24T02:30:00.098000+08:00', 'extracted', '320000/certificate/4', '{"files":{"rows":"05c7880d6c0c32ff54e8078193dcbfc16402404808ce2019960a8386c2eb2e44"},"rows":10}', '\x0d897d0056b40d29bae19502f2ba82f42defba69c6867bae2bd40474fa81366d', '\x3a323540a200ebbbbb6f7b72d842e1f7a147db51eee5eb0c70084f4eafda6d91');
INSERT INTO public.evidence VALUES (31, '2026-11-24T02:30:00.100000+08:00', 'prepared', '320000/certificate/3', '{"counts":{"extracted":10,"unchanged":10},"resolved":0}', '\x3a323540a200ebbbbb6f7b72d842e1f7a147db51eee5eb0c70084f4eafda6d91', '\xa1bb67bee7ed9dbd3363967c74459d210b98c3098f952146fa6bf7891c97227a');
INSERT INTO public.evidence VALUES (32, '2026-11-24T02:30:00.105000+08:00', 'sealed', '320000-certificate-00000005', '{"extraction":4,"manifest":"6fa8e9a46d1163ab0b0748afc94cc6805b6235459886c0a37b36ad620a20ec7c","package":"41df44150531dbd7359683a539be6089ea8fc64cbc6c941f7fd61a95ffb059a7","records":3}', '\xa1bb67bee7ed9dbd3363967c74459d210b98c3098f952146fa6bf7891c97227a', '\xb92f79bdad5ff20fb3281766cfd7cf42fff18b052e9f7be1fd50c1e6bd0238eb');
INSERT INTO public.evidence VALUES (33, '2026-11-24T02:30:00.106000+08:00', 'prepared', '320000/certificate/4', '{"counts":{"batched":3,"extracted":10,"flagged":3,"unchanged":7},"resolved":1}', '\xb92f79bdad5ff20fb3281766cfd7cf42fff18b052e9f7be1fd50c1e6bd0238eb', '\xc0821cf5c3625a28ff9adb02e5087200d8e3b4e6f04a0d63b4eb434b07f83e8d');
INSERT INTO public.evidence VALUES (34, '2026-11-24T02:30:00.110000+08:00', 'sent', '320000-certificate-00000005', '{"package":"41df44150531dbd7359683a539be6089ea8fc64cbc6c941f7fd61a95ffb059a7"}', '\xc0821cf5c3625a28ff9adb02e5087200d8e3b4e6f04a0d63b4eb434b07f83e8d', '\xbcb874427f40cebf256533dd7e4aa51aebcdb21faa3dc12dc97bce6e8504d657');
INSERT INTO public.evidence VALUES (35, '2026-11-24T02:30:00.113000+08:00', 'receipt', '320000-certificate-00000005', '{"level":"received","number":13,"receipt":"5482dedd888a8155183cb92f5d20061b6b9cdb200b45710f8f42a5939ef55cc3"}', '\xbcb874427f40cebf256533dd7e4aa51aebcdb21faa3dc12dc97bce6e8504d657', '\xa332ae57d8c98ccea6ae9aab193eb71dc389b4854b73526bf47f4936ed670976');
INSERT INTO public.evidence VALUES (36, '2026-11-24T02:30:00.116000+08:00', 'receipt', '320000-certificate-00000005', '{"level":"validated","number":14,"receipt":"03c4ed6ad35cdf877264df43aa12357c3fe1486908ea007ee90b26ea69fb71b5"}', '\xa332ae57d8c98ccea6ae9aab193eb71dc389b4854b73526bf47f4936ed670976', '\x4eb096e83ec195e608c02280dc9d1c185dd0991efe5c94f221452d6dea4b75ca');
INSERT INTO public.evidence VALUES (37, '2026-11-24T02:30:00.121000+08:00', 'receipt', '320000-certificate-00000005', '{"level":"loaded","number":15,"receipt":"17ee1bfadbee67c2ffc1e926ddae505e31a10e5ade1d1561378eba71143aaa19"}', '\x4eb096e83ec195e608c02280dc9d1c185dd0991efe5c94f221452d6dea4b75ca', '\xaf949723967f90aefbd3668f95c4a52af70c8666a6d2aebd8bbb3a10c9e5aa73');
INSERT INTO public.evidence VALUES (38, '2026-11-24T02:30:00.123000+08:00', 'run closed', '20261124T023000-165d84', '{"counts":{"batched":3,"extracted":20,"flagged":3,"loaded":3,"sent":3,"unchanged":17},"state":"done"}', '\xaf949723967f90aefbd3668f95c4a52af70c8666a6d2aebd8bbb3a10c9e5aa73', '\x5e9b7a9c58a2c2ea153a4fd6f4f4fe91a39dca9e85d958461b78354b84ff3545');
INSERT INTO public.evidence VALUES (39, '2026-11-25T02:30:00.125000+08:00', 'run started', '20261125T023000-4030bc', '{"bundle":"sha256:5d4d07493056c20346c9d42744aa06f8524d3244756e95335a1603da8dab6d48","engine":"0.1.0","flow":"nightly"}', '\x5e9b7a9c58a2c2ea153a4fd6f4f4fe91a39dca9e85d958461b78354b84ff3545', '\xcfb52dcc0fef01b077528b8a6cf87295d623cf9e4e7b25930c26f486e9365c0a');
INSERT INTO public.evidence VALUES (40, '2026-11-25T02:30:00.129000+08:00', 'extracted', '320000/certificate/5', '{"files":{"rows":"2f964a9f95b7a724dbd03ffc50413614ce05a17e2352e4ca8d09a4f2d7bf043b"},"rows":8}', '\xcfb52dcc0fef01b077528b8a6cf87295d623cf9e4e7b25930c26f486e9365c0a', '\xe2ca5176eb4ef3ebbecb7b341b0f84e0357037eca4dbf0793d50e7eee325f9f3');
INSERT INTO public.evidence VALUES (41, '2026-11-25T02:30:00.133000+08:00', 'sealed', '320000-certificate-00000006', '{"extraction":5,"manifest":"b18aaa87127075018b7c624f53a4f4c2d1124292083b75707949743436f35706","package":"2e507f8939abb351afad84a9d4382c100ef488c6f40d872eb5c4045bcf0bda62","records":5}', '\xe2ca5176eb4ef3ebbecb7b341b0f84e0357037eca4dbf0793d50e7eee325f9f3', '\x0559a8538661318f2562e3c9e38c810f92b156b0f7a021933fdc5fbed2591d1d');
INSERT INTO public.evidence VALUES (42, '2026-11-25T02:30:00.134000+08:00', 'prepared', '320000/certificate/5', '{"counts":{"batched":5,"extracted":8,"unchanged":3},"resolved":0}', '\x0559a8538661318f2562e3c9e38c810f92b156b0f7a021933fdc5fbed2591d1d', '\x17d426d68854395adc39a4feae3c6129d0135a3ce3efc707f339615923fcfa2c');
INSERT INTO public.evidence VALUES (43, '2026-11-25T02:30:00.143000+08:00', 'run closed', '20261125T023000-4030bc', '{"counts":{"batched":5,"extracted":8,"unchanged":3},"state":"failed"}', '\x17d426d68854395adc39a4feae3c6129d0135a3ce3efc707f339615923fcfa2c', '\xbd6be2d2a85639685195ea3a08cc0a52a113160ffe17be8254e71d364d400445');
INSERT INTO public.evidence VALUES (44, '2026-11-26T02:30:00.145000+08:00', 'run started', '20261126T023000-613b4a', '{"bundle":"sha256:5d4d07493056c20346c9d42744aa06f8524d3244756e95335a1603da8dab6d48","engine":"0.1.0","flow":"nightly"}', '\xbd6be2d2a85639685195ea3a08cc0a52a113160ffe17be8254e71d364d400445', '\x1ec8174025fcfee99071393f2bb13f95643cd942f38fb9ffbee1d7a63cfd02f5');
INSERT INTO public.evidence VALUES (45, '2026-11-26T02:30:00.156000+08:00', 'extracted', '320000/certificate/6', '{"files":{"rows":"941702ee9d4d20b092a93dae51950dd880f016e7cd1528075c530399ed0bb5a3"},"rows":8}', '\x1ec8174025fcfee99071393f2bb13f95643cd942f38fb9ffbee1d7a63cfd02f5', '\xc62ab450474dc4082fef9682334dfdf133396b198e65462027b8d58f53363da2');
INSERT INTO public.evidence VALUES (46, '2026-11-26T02:30:00.159000+08:00', 'run closed', '20261126T023000-613b4a', '{"counts":{"extracted":8},"state":"failed"}', '\xc62ab450474dc4082fef9682334dfdf133396b198e65462027b8d58f53363da2', '\x78801495caafbd8cfbd095d75b14778d199e709318edf16520a9380f5cbd3b05');
INSERT INTO public.extraction VALUES (1, 1, '20261123T023000-e8f639', 10, 'zs', '{"rows": ["extractions/320000/certificate/20261123T023000-e8f639-1-000001.rows.arrow", "6692239b4f7528301881b76d29944ab352381204588afb494d78af087cf0ff19", 2961]}', '{"changed_at":"2026-11-20 08:00:00","key":["10"]}', 'processed', '2026-11-23T02:30:00.007000+08:00', 'source', NULL);
INSERT INTO public.extraction VALUES (2, 1, '20261123T023000-e8f639', 10, 'zs', '{"rows": ["extractions/320000/certificate/20261123T023000-e8f639-1-000002.rows.arrow", "72470991c064c27476fbcc9c1a275d30acad70a5d10295f38670b9f764df4969", 3025]}', '{"changed_at":"2026-11-20 08:00:00","key":["20"]}', 'processed', '2026-11-23T02:30:00.010000+08:00', 'source', NULL);
INSERT INTO public.extraction VALUES (3, 1, '20261124T023000-165d84', 10, 'zs', '{"rows": ["extractions/320000/certificate/20261124T023000-165d84-2-000001.rows.arrow", "08bb72acbf19765e77bd29b2026f634213a3f618dce18d9b1b82e405fb18937b", 2961]}', '{"changed_at":"2026-11-20 08:00:00","key":["12"]}', 'processed', '2026-11-24T02:30:00.094000+08:00', 'source', NULL);
INSERT INTO public.extraction VALUES (4, 1, '20261124T023000-165d84', 10, 'zs', '{"rows": ["extractions/320000/certificate/20261124T023000-165d84-2-000002.rows.arrow", "05c7880d6c0c32ff54e8078193dcbfc16402404808ce2019960a8386c2eb2e44", 3089]}', '{"changed_at":"2026-11-21 08:00:00","key":["20"]}', 'processed', '2026-11-24T02:30:00.097000+08:00', 'source', NULL);
INSERT INTO public.extraction VALUES (5, 1, '20261125T023000-4030bc', 8, 'zs', '{"rows": ["extractions/320000/certificate/20261125T023000-4030bc-3-000001.rows.arrow", "2f964a9f95b7a724dbd03ffc50413614ce05a17e2352e4ca8d09a4f2d7bf043b", 3089]}', '{"changed_at":"2026-11-22 08:00:00","key":["25"]}', 'processed', '2026-11-25T02:30:00.128000+08:00', 'source', NULL);
INSERT INTO public.extraction VALUES (6, 1, '20261126T023000-613b4a', 8, 'zs', '{"rows": ["extractions/320000/certificate/20261126T023000-613b4a-4-000001.rows.arrow", "941702ee9d4d20b092a93dae51950dd880f016e7cd1528075c530399ed0bb5a3", 3025]}', '{"changed_at":"2026-11-22 09:00:00","key":["28"]}', 'stored', '2026-11-26T02:30:00.155000+08:00', 'source', NULL);
INSERT INTO public.finding VALUES (1, 1, '(苏)XK06-001-00001', 5, 'CERT-006', 'status,status_cause,closing_date', '证书已撤销、注销、吊销或撤回，但没有填写状态原因或终止日期');
INSERT INTO public.finding VALUES (2, 1, '(苏)XK06-001-00002', 5, 'CERT-006', 'status,status_cause,closing_date', '证书已撤销、注销、吊销或撤回，但没有填写状态原因或终止日期');
INSERT INTO public.finding VALUES (3, 1, '(苏)XK06-001-00020', 5, 'CERT-006', 'status,status_cause,closing_date', '证书已撤销、注销、吊销或撤回，但没有填写状态原因或终止日期');
INSERT INTO public.lane VALUES (1, '320000', 'certificate', 7, '\xb18aaa87127075018b7c624f53a4f4c2d1124292083b75707949743436f35706', '{"changed_at":"2026-11-22 09:00:00","key":["28"]}', 4, NULL, NULL, NULL);
INSERT INTO public.receipt VALUES (1, '320000-certificate-00000001', '320000', 'received', 'HQ0000000001', 1, '2026-11-27T04:33:52+08:00', '320000-certificate-00000001.received.zip', '\x462aff87ca178137fc527be88b14d32603638d33ee27f03baf84c72fa1d917c8', 'receipts/320000/462aff87ca178137fc527be88b14d32603638d33ee27f03baf84c72fa1d917c8.zip', 'accepted', NULL, '2026-11-23T02:30:00.038000+08:00');
INSERT INTO public.receipt VALUES (2, '320000-certificate-00000001', '320000', 'validated', 'HQ0000000002', 2, '2026-11-27T04:33:52+08:00', '320000-certificate-00000001.validated.zip', '\x223c4241472eb56b44f163a8ac2fb05bc5112483f0a17d472a3c9ed07b9106ff', 'receipts/320000/223c4241472eb56b44f163a8ac2fb05bc5112483f0a17d472a3c9ed07b9106ff.zip', 'accepted', NULL, '2026-11-23T02:30:00.041000+08:00');
INSERT INTO public.receipt VALUES (3, '320000-certificate-00000001', '320000', 'loaded', 'HQ0000000003', 3, '2026-11-27T04:33:52+08:00', '320000-certificate-00000001.loaded.zip', '\xd529468606a5f242eb4436b6ca490d2c1ac14d5ddc9f62fba20e6deea66f9f0a', 'receipts/320000/d529468606a5f242eb4436b6ca490d2c1ac14d5ddc9f62fba20e6deea66f9f0a.zip', 'accepted', NULL, '2026-11-23T02:30:00.044000+08:00');
INSERT INTO public.receipt VALUES (4, '320000-certificate-00000002', '320000', 'received', 'HQ0000000004', 4, '2026-11-27T04:33:52+08:00', '320000-certificate-00000002.received.zip', '\x2ecad1d1b990d02a856db76744395b6f4115cfc95820a830f3012f4a58e053db', 'receipts/320000/2ecad1d1b990d02a856db76744395b6f4115cfc95820a830f3012f4a58e053db.zip', 'accepted', NULL, '2026-11-23T02:30:00.049000+08:00');
INSERT INTO public.receipt VALUES (5, '320000-certificate-00000002', '320000', 'validated', 'HQ0000000005', 5, '2026-11-27T04:33:52+08:00', '320000-certificate-00000002.validated.zip', '\x3c638a9bee08a7fe481efeeed7bc41121d64b90e997a8162f8946e7a474cb816', 'receipts/320000/3c638a9bee08a7fe481efeeed7bc41121d64b90e997a8162f8946e7a474cb816.zip', 'accepted', NULL, '2026-11-23T02:30:00.052000+08:00');
INSERT INTO public.receipt VALUES (6, '320000-certificate-00000002', '320000', 'loaded', 'HQ0000000006', 6, '2026-11-27T04:33:52+08:00', '320000-certificate-00000002.loaded.zip', '\xc65974aa267a895adf8f48cef35b03278c8ab1e8468a12fbd6fcf637bf1f5310', 'receipts/320000/c65974aa267a895adf8f48cef35b03278c8ab1e8468a12fbd6fcf637bf1f5310.zip', 'accepted', NULL, '2026-11-23T02:30:00.055000+08:00');
INSERT INTO public.receipt VALUES (7, '320000-certificate-00000003', '320000', 'received', 'HQ0000000007', 7, '2026-11-27T04:33:52+08:00', '320000-certificate-00000003.received.zip', '\x7b5245802e0a37f84cd4f8a943860c848943f0e59eff359ebf0d4814c3b02986', 'receipts/320000/7b5245802e0a37f84cd4f8a943860c848943f0e59eff359ebf0d4814c3b02986.zip', 'accepted', NULL, '2026-11-23T02:30:00.067000+08:00');
INSERT INTO public.receipt VALUES (8, '320000-certificate-00000003', '320000', 'validated', 'HQ0000000008', 8, '2026-11-27T04:33:52+08:00', '320000-certificate-00000003.validated.zip', '\x7b40eb89c2bfeb482d420c6881547c45c64e321f2392560c6a6f16fe8c60d78d', 'receipts/320000/7b40eb89c2bfeb482d420c6881547c45c64e321f2392560c6a6f16fe8c60d78d.zip', 'accepted', NULL, '2026-11-23T02:30:00.070000+08:00');
INSERT INTO public.receipt VALUES (9, '320000-certificate-00000003', '320000', 'loaded', 'HQ0000000009', 9, '2026-11-27T04:33:52+08:00', '320000-certificate-00000003.loaded.zip', '\xffd4e740a94f5aeeabd8498e6073130e968ec65227891f36beee2fa7ffc92229', 'receipts/320000/ffd4e740a94f5aeeabd8498e6073130e968ec65227891f36beee2fa7ffc92229.zip', 'accepted', NULL, '2026-11-23T02:30:00.073000+08:00');
INSERT INTO public.receipt VALUES (10, '320000-certificate-00000004', '320000', 'received', 'HQ0000000010', 10, '2026-11-27T04:33:53+08:00', '320000-certificate-00000004.received.zip', '\xbb91712ca7791b1ddbbc59f5bcc1e0fbc5037d4f921da98fd9d5b63006894e3b', 'receipts/320000/bb91712ca7791b1ddbbc59f5bcc1e0fbc5037d4f921da98fd9d5b63006894e3b.zip', 'accepted', NULL, '2026-11-23T02:30:00.078000+08:00');
INSERT INTO public.receipt VALUES (11, '320000-certificate-00000004', '320000', 'validated', 'HQ0000000011', 11, '2026-11-27T04:33:53+08:00', '320000-certificate-00000004.validated.zip', '\x46efe95f0570499857c7bc7852a94a612637b1f8029a0de270c2934e7d73c03a', 'receipts/320000/46efe95f0570499857c7bc7852a94a612637b1f8029a0de270c2934e7d73c03a.zip', 'accepted', NULL, '2026-11-23T02:30:00.081000+08:00');
INSERT INTO public.receipt VALUES (12, '320000-certificate-00000004', '320000', 'loaded', 'HQ0000000012', 12, '2026-11-27T04:33:53+08:00', '320000-certificate-00000004.loaded.zip', '\xfab6cea486cc1b30d8059fc0f5f770b2cd898a6636f0fbb9e5aac340c83ba384', 'receipts/320000/fab6cea486cc1b30d8059fc0f5f770b2cd898a6636f0fbb9e5aac340c83ba384.zip', 'accepted', NULL, '2026-11-23T02:30:00.084000+08:00');
INSERT INTO public.receipt VALUES (13, '320000-certificate-00000005', '320000', 'received', 'HQ0000000013', 13, '2026-11-27T04:33:54+08:00', '320000-certificate-00000005.received.zip', '\x5482dedd888a8155183cb92f5d20061b6b9cdb200b45710f8f42a5939ef55cc3', 'receipts/320000/5482dedd888a8155183cb92f5d20061b6b9cdb200b45710f8f42a5939ef55cc3.zip', 'accepted', NULL, '2026-11-24T02:30:00.112000+08:00');
INSERT INTO public.receipt VALUES (14, '320000-certificate-00000005', '320000', 'validated', 'HQ0000000014', 14, '2026-11-27T04:33:54+08:00', '320000-certificate-00000005.validated.zip', '\x03c4ed6ad35cdf877264df43aa12357c3fe1486908ea007ee90b26ea69fb71b5', 'receipts/320000/03c4ed6ad35cdf877264df43aa12357c3fe1486908ea007ee90b26ea69fb71b5.zip', 'accepted', NULL, '2026-11-24T02:30:00.115000+08:00');
INSERT INTO public.receipt VALUES (15, '320000-certificate-00000005', '320000', 'loaded', 'HQ0000000015', 15, '2026-11-27T04:33:54+08:00', '320000-certificate-00000005.loaded.zip', '\x17ee1bfadbee67c2ffc1e926ddae505e31a10e5ade1d1561378eba71143aaa19', 'receipts/320000/17ee1bfadbee67c2ffc1e926ddae505e31a10e5ade1d1561378eba71143aaa19.zip', 'accepted', NULL, '2026-11-24T02:30:00.118000+08:00');
INSERT INTO public.record_version VALUES (1, '(苏)XK06-001-00001', 1, '\xf3a674cff1fb09ab03796be3281aba63258f6a53a7fd1b4d6b8b7cedf4b08a4c', NULL, 0, NULL, 1, 0);
INSERT INTO public.record_version VALUES (1, '(苏)XK06-001-00002', 1, '\x46df931f5dc6331d17b77ac87ea2bae52ef51123f17f154ffae8eb2035dc6ac4', NULL, 1, NULL, 1, 1);
INSERT INTO public.record_version VALUES (1, '(苏)XK06-001-00003', 1, '\x7698e4da0c3a837a42820f3f0732c099ed885530f118abec611d19f741b63455', NULL, 2, NULL, 1, 2);
INSERT INTO public.record_version VALUES (1, '(苏)XK06-001-00004', 1, '\x657b353c905d1a63719942450b8683565b18bccb4288a457137b995d12ea62d7', NULL, 3, NULL, 1, 3);
INSERT INTO public.record_version VALUES (1, '(苏)XK06-001-00005', 1, '\x07721c4770fa43027808b6c5c501d719d120376295a5d3b548c8661aaeb0c773', NULL, 4, NULL, 1, 4);
INSERT INTO public.record_version VALUES (1, '(苏)XK06-001-00006', 1, '\x04825a8832ea8bcb313049e9718b3e8305fed164adfe6439fcfbe60757c09048', NULL, 5, NULL, 1, 5);
INSERT INTO public.record_version VALUES (1, '(苏)XK06-001-00007', 1, '\x5aabe44329aa4673dd9f65fc232b67cf9ef0523e4c9a98fdfcaafafa3c7c86df', NULL, 6, NULL, 1, 6);
INSERT INTO public.record_version VALUES (1, '(苏)XK06-001-00008', 2, '\x70aa676a0ccffff089c11fd5bbe7a777269f7ee6f27e19028b823dfd59310911', NULL, 0, NULL, 1, 7);
INSERT INTO public.record_version VALUES (1, '(苏)XK06-001-00009', 2, '\x7731dd333bdfd8e14584875d59cc4b637269e632352c730b06150a51384a76df', NULL, 1, NULL, 1, 8);
INSERT INTO public.record_version VALUES (1, '(苏)XK06-001-00010', 2, '\x573b106dd2b5e164469487659b1466378adf55ae749b312364443808ca0f1eb9', NULL, 2, NULL, 1, 9);
INSERT INTO public.record_version VALUES (1, '(苏)XK06-001-00011', 3, '\xc10f4ed26d4c4d862f303828fe9d987637b02aa43acee76e5f2a4f869def5944', NULL, 0, NULL, 2, 0);
INSERT INTO public.record_version VALUES (1, '(苏)XK06-001-00012', 3, '\xec918c1480c04362cdcd0b357f270d7bddfb0b77ce1b9b6fb288fc54aaf00661', NULL, 1, NULL, 2, 1);
INSERT INTO public.record_version VALUES (1, '(苏)XK06-001-00013', 3, '\x5d025b694fe06cc356c5f7ad07cc581b3df947cfda502c73aa9c9bf93e6ddc9b', NULL, 2, NULL, 2, 2);
INSERT INTO public.record_version VALUES (1, '(苏)XK06-001-00014', 3, '\x850b1c010230df024ae5b317cb57f3fb998400077ff76dc90616680257ab58ef', NULL, 3, NULL, 2, 3);
INSERT INTO public.record_version VALUES (1, '(苏)XK06-001-00015', 3, '\x322c5650d431310a323334079e3b99f56263e52e74764411f3a537d5255df373', NULL, 4, NULL, 2, 4);
INSERT INTO public.record_version VALUES (1, '(苏)XK06-001-00016', 3, '\x8ce3446bf2de52fe4490959d513b51423971e3904d13213e6c7879e5c406d478', NULL, 5, NULL, 2, 5);
INSERT INTO public.record_version VALUES (1, '(苏)XK06-001-00017', 3, '\xfe55e7054f4660396857ff6a6195f0f3bb915c9e6925238025723fee9c20705a', NULL, 6, NULL, 2, 6);
INSERT INTO public.record_version VALUES (1, '(苏)XK06-001-00018', 4, '\x9f914295b0f637141c8530bf17ea0b00c9c575f5f1724cd85ca4d42ce0804724', NULL, 0, NULL, 2, 7);
INSERT INTO public.record_version VALUES (1, '(苏)XK06-001-00019', 4, '\xd5f6aab0cb21bc6d08b7b34450600ca7a3f3b45fafc4f5f73818339bfd9dd8bd', NULL, 1, NULL, 2, 8);
INSERT INTO public.record_version VALUES (1, '(苏)XK06-001-00001', 5, '\x00b9aaac3261b7065002f634166b5e9afcd1e959c3e5efbc12848091486d18dd', '\xf3a674cff1fb09ab03796be3281aba63258f6a53a7fd1b4d6b8b7cedf4b08a4c', 0, NULL, 4, 7);
INSERT INTO public.record_version VALUES (1, '(苏)XK06-001-00002', 5, '\x64fb79036468c3cb58ca53428458d2e88ebf3152f3f7678d0e5fc1da2987ef35', '\x46df931f5dc6331d17b77ac87ea2bae52ef51123f17f154ffae8eb2035dc6ac4', 1, NULL, 4, 8);
INSERT INTO public.record_version VALUES (1, '(苏)XK06-001-00020', 5, '\x8b5f82d555f3a004fd384a912f7c03a5373b34db8b5e64e17a7584c2d015400c', NULL, 2, NULL, 4, 9);
INSERT INTO public.record_version VALUES (1, '(苏)XK06-001-00021', 6, '\x5ac222f473a88bae65e9b83c6eeb6f51beacb7f38c0cca47824cbb1be334aa9e', NULL, 0, NULL, 5, 3);
INSERT INTO public.record_version VALUES (1, '(苏)XK06-001-00022', 6, '\x6bbe9514630c53e6fb46b3bca244d225548a38fe70654a748bc0640dceb12aaf', NULL, 1, NULL, 5, 4);
INSERT INTO public.record_version VALUES (1, '(苏)XK06-001-00023', 6, '\x99bf82f78553fc69409a4b6f14f7bcb413c0e07384fa294a383ef43c3c99a437', NULL, 2, NULL, 5, 5);
INSERT INTO public.record_version VALUES (1, '(苏)XK06-001-00024', 6, '\x59e1d99438dd60b28cf74bd5a87c1eb79a1942a871e02a0ac1e67674ab8c2f87', NULL, 3, NULL, 5, 6);
INSERT INTO public.record_version VALUES (1, '(苏)XK06-001-00025', 6, '\xadf4bb582543e91ada9cc4ce9ceebfc029d3088bb9d9c8efafd5f2da79962eb3', NULL, 4, NULL, 5, 7);
INSERT INTO public.run VALUES ('20261123T023000-e8f639', 'nightly', '2026-11-23T02:30:00.003000+08:00', '2026-11-23T02:30:00.088000+08:00', 'done', 'sha256:5d4d07493056c20346c9d42744aa06f8524d3244756e95335a1603da8dab6d48', '0.1.0', NULL, 'vm:43c8bc56-8571-4ce9-813a-73c7e8987518.4026531836:12421:234244:81c0cecd');
INSERT INTO public.run VALUES ('20261124T023000-165d84', 'nightly', '2026-11-24T02:30:00.090000+08:00', '2026-11-24T02:30:00.122000+08:00', 'done', 'sha256:5d4d07493056c20346c9d42744aa06f8524d3244756e95335a1603da8dab6d48', '0.1.0', NULL, 'vm:43c8bc56-8571-4ce9-813a-73c7e8987518.4026531836:12421:234244:fa4796ee');
INSERT INTO public.run VALUES ('20261125T023000-4030bc', 'nightly', '2026-11-25T02:30:00.124000+08:00', '2026-11-25T02:30:00.142000+08:00', 'failed', 'sha256:5d4d07493056c20346c9d42744aa06f8524d3244756e95335a1603da8dab6d48', '0.1.0', '320000 certificate', 'vm:43c8bc56-8571-4ce9-813a-73c7e8987518.4026531836:12421:234244:0839fc86');
INSERT INTO public.run VALUES ('20261126T023000-613b4a', 'nightly', '2026-11-26T02:30:00.144000+08:00', '2026-11-26T02:30:00.158000+08:00', 'failed', 'sha256:5d4d07493056c20346c9d42744aa06f8524d3244756e95335a1603da8dab6d48', '0.1.0', '320000 certificate', 'vm:43c8bc56-8571-4ce9-813a-73c7e8987518.4026531836:12421:234244:b5532ab3');
INSERT INTO public.run_count VALUES ('20261126T023000-613b4a', 1, 8, 0, 0, 0, 0, 0, 0, 0, 0, 0, '{"collect": "ended by a defect (KeyboardInterrupt); the log has the rest"}');
INSERT INTO public.run_count VALUES ('20261123T023000-e8f639', 1, 20, 0, 0, 19, 1, 0, 0, 19, 19, 0, NULL);
INSERT INTO public.run_count VALUES ('20261124T023000-165d84', 1, 20, 17, 0, 3, 0, 0, 3, 3, 3, 0, NULL);
INSERT INTO public.run_count VALUES ('20261125T023000-4030bc', 1, 8, 3, 0, 5, 0, 0, 0, 0, 0, 0, '{"deliver": "ECQS-5001 127.0.0.1:40577: headquarters cannot be reached (Connection refused) Next: it is tried again; if it stays so, check host, port and firewall"}');
SELECT pg_catalog.setval('public.attempt_id_seq', 9, true);
SELECT pg_catalog.setval('public.correction_id_seq', 1, false);
SELECT pg_catalog.setval('public.dead_letter_id_seq', 1, true);
SELECT pg_catalog.setval('public.extraction_id_seq', 6, true);
SELECT pg_catalog.setval('public.finding_id_seq', 3, true);
SELECT pg_catalog.setval('public.lane_id_seq', 1, true);
SELECT pg_catalog.setval('public.receipt_id_seq', 15, true);
SELECT pg_catalog.setval('public.stop_order_id_seq', 1, false);
ALTER TABLE ONLY public.alembic_version
    ADD CONSTRAINT alembic_version_pkc PRIMARY KEY (version_num);
ALTER TABLE ONLY public.attempt
    ADD CONSTRAINT pk_attempt PRIMARY KEY (id);
ALTER TABLE ONLY public.batch
    ADD CONSTRAINT pk_batch PRIMARY KEY (id);
ALTER TABLE ONLY public.content_bundle
    ADD CONSTRAINT pk_content_bundle PRIMARY KEY (digest);
ALTER TABLE ONLY public.correction
    ADD CONSTRAINT pk_correction PRIMARY KEY (id);
ALTER TABLE ONLY public.dead_letter
    ADD CONSTRAINT pk_dead_letter PRIMARY KEY (id);
ALTER TABLE ONLY public.evidence
    ADD CONSTRAINT pk_evidence PRIMARY KEY (sequence);
ALTER TABLE ONLY public.extraction
    ADD CONSTRAINT pk_extraction PRIMARY KEY (id);
ALTER TABLE ONLY public.finding
    ADD CONSTRAINT pk_finding PRIMARY KEY (id);
ALTER TABLE ONLY public.lane
    ADD CONSTRAINT pk_lane PRIMARY KEY (id);
ALTER TABLE ONLY public.receipt
    ADD CONSTRAINT pk_receipt PRIMARY KEY (id);
ALTER TABLE ONLY public.record_version
    ADD CONSTRAINT pk_record_version PRIMARY KEY (lane_id, sequence, "position");
ALTER TABLE ONLY public.run
    ADD CONSTRAINT pk_run PRIMARY KEY (id);
ALTER TABLE ONLY public.run_count
    ADD CONSTRAINT pk_run_count PRIMARY KEY (run_id, lane_id);
ALTER TABLE ONLY public.stop_order
    ADD CONSTRAINT pk_stop_order PRIMARY KEY (id);
ALTER TABLE ONLY public.batch
    ADD CONSTRAINT uq_batch_lane_id_sequence UNIQUE (lane_id, sequence);
ALTER TABLE ONLY public.dead_letter
    ADD CONSTRAINT uq_dead_letter_lane_id_identity UNIQUE (lane_id, identity);
ALTER TABLE ONLY public.lane
    ADD CONSTRAINT uq_lane_unit_kind UNIQUE (unit, kind);
ALTER TABLE ONLY public.record_version
    ADD CONSTRAINT uq_record_version_lane_id_key_sequence UNIQUE (lane_id, key, sequence);
CREATE INDEX ix_attempt_batch_id ON public.attempt USING btree (batch_id);
CREATE INDEX ix_batch_state ON public.batch USING btree (state);
CREATE INDEX ix_correction_dead_letter_id ON public.correction USING btree (dead_letter_id);
CREATE INDEX ix_correction_state ON public.correction USING btree (state);
CREATE INDEX ix_dead_letter_key ON public.dead_letter USING btree (key);
CREATE INDEX ix_dead_letter_lane_id_state ON public.dead_letter USING btree (lane_id, state);
CREATE INDEX ix_extraction_lane_id_state ON public.extraction USING btree (lane_id, state);
CREATE INDEX ix_finding_lane_id_key ON public.finding USING btree (lane_id, key);
CREATE INDEX ix_finding_rule ON public.finding USING btree (rule);
CREATE INDEX ix_receipt_batch_id ON public.receipt USING btree (batch_id);
CREATE INDEX ix_stop_order_lifted_at ON public.stop_order USING btree (lifted_at);
ALTER TABLE ONLY public.attempt
    ADD CONSTRAINT fk_attempt_batch_id FOREIGN KEY (batch_id) REFERENCES public.batch(id);
ALTER TABLE ONLY public.batch
    ADD CONSTRAINT fk_batch_lane_id FOREIGN KEY (lane_id) REFERENCES public.lane(id);
ALTER TABLE ONLY public.batch
    ADD CONSTRAINT fk_batch_run_id FOREIGN KEY (run_id) REFERENCES public.run(id);
ALTER TABLE ONLY public.correction
    ADD CONSTRAINT fk_correction_dead_letter_id FOREIGN KEY (dead_letter_id) REFERENCES public.dead_letter(id);
ALTER TABLE ONLY public.dead_letter
    ADD CONSTRAINT fk_dead_letter_lane_id FOREIGN KEY (lane_id) REFERENCES public.lane(id);
ALTER TABLE ONLY public.extraction
    ADD CONSTRAINT fk_extraction_lane_id FOREIGN KEY (lane_id) REFERENCES public.lane(id);
ALTER TABLE ONLY public.extraction
    ADD CONSTRAINT fk_extraction_run_id FOREIGN KEY (run_id) REFERENCES public.run(id);
ALTER TABLE ONLY public.finding
    ADD CONSTRAINT fk_finding_lane_id FOREIGN KEY (lane_id) REFERENCES public.lane(id);
ALTER TABLE ONLY public.record_version
    ADD CONSTRAINT fk_record_version_lane_id FOREIGN KEY (lane_id) REFERENCES public.lane(id);
ALTER TABLE ONLY public.run_count
    ADD CONSTRAINT fk_run_count_lane_id FOREIGN KEY (lane_id) REFERENCES public.lane(id);
ALTER TABLE ONLY public.run_count
    ADD CONSTRAINT fk_run_count_run_id FOREIGN KEY (run_id) REFERENCES public.run(id);
