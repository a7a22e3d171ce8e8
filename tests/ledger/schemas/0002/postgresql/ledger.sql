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
INSERT INTO public.alembic_version VALUES ('0002');
INSERT INTO public.attempt VALUES (1, '320000-certificate-00000001', '20261123T023000-f7c4d5', '2026-11-23T02:30:00.020000+08:00', 'sent', NULL);
INSERT INTO public.attempt VALUES (2, '320000-certificate-00000002', '20261123T023000-f7c4d5', '2026-11-23T02:30:00.028000+08:00', 'sent', NULL);
INSERT INTO public.attempt VALUES (3, '320000-certificate-00000003', '20261123T023000-f7c4d5', '2026-11-23T02:30:00.056000+08:00', 'sent', NULL);
INSERT INTO public.attempt VALUES (4, '320000-certificate-00000004', '20261123T023000-f7c4d5', '2026-11-23T02:30:00.059000+08:00', 'sent', NULL);
INSERT INTO public.attempt VALUES (5, '320000-certificate-00000005', '20261124T023000-dac3b3', '2026-11-24T02:30:00.102000+08:00', 'sent', NULL);
INSERT INTO public.attempt VALUES (6, '320000-certificate-00000006', '20261125T023000-fa4a2b', '2026-11-25T02:30:00.130000+08:00', 'transient', 'ECQS-5001 127.0.0.1:41439: headquarters cannot be reached (Connection refused) Next: it is tried again; if it stays so, check host, port and firewall');
INSERT INTO public.attempt VALUES (7, '320000-certificate-00000006', '20261125T023000-fa4a2b', '2026-11-25T02:30:00.133000+08:00', 'transient', 'ECQS-5001 127.0.0.1:41439: headquarters cannot be reached (Connection refused) Next: it is tried again; if it stays so, check host, port and firewall');
INSERT INTO public.attempt VALUES (8, '320000-certificate-00000006', '20261126T023000-bad433', '2026-11-26T02:30:00.140000+08:00', 'transient', 'ECQS-5001 127.0.0.1:41439: headquarters cannot be reached (Connection refused) Next: it is tried again; if it stays so, check host, port and firewall');
INSERT INTO public.attempt VALUES (9, '320000-certificate-00000006', '20261126T023000-bad433', '2026-11-26T02:30:00.143000+08:00', 'transient', 'ECQS-5001 127.0.0.1:41439: headquarters cannot be reached (Connection refused) Next: it is tried again; if it stays so, check host, port and firewall');
INSERT INTO public.batch VALUES ('320000-certificate-00000001', 1, 1, '20261123T023000-f7c4d5', 7, 'ecqs_national', 'sha256:fc185fab39ddbb5a6885c2ee49dbbc05d3712dab763133d6927862bacef1e8de', '0.1.0', '\x3c3f786d6c2076657273696f6e3d22312e302220656e636f64696e673d225554462d38223f3e0a3c6d616e696665737420786d6c6e733d2275726e3a656371732d676174657761793a65786368616e67653a312e30222062617463683d223332303030302d63657274696669636174652d30303030303030312220756e69743d2233323030303022206b696e643d226365727469666963617465222073657175656e63653d22312220637265617465643d22323032362d31312d32335430323a33303a30302e3030393030302b30383a30302220736368656d613d22312e302220636f6e74656e743d227368613235363a666331383566616233396464626235613638383563326565343964626263303564333731326461623736333133336436393237383632626163656631653864652220656e67696e653d22302e312e3022207265636f7264733d223722207369676e61747572653d226564323535313922206b65793d2266663239393766623035626335626230222065766964656e63653d2238326636323830316366316130376630316132646531613239356535363762316463393435303739393061626161346239663131623164363533353237356663223e3c70617274206e616d653d2262617463682e786d6c2e677a22206d656469613d226170706c69636174696f6e2f677a697022206469676573742d616c676f726974686d3d227368612d32353622206469676573743d2239363461633338386439633139303434396338353230333830393631363266613761383732666235666666636263336263393161373963643966333936373565222073697a653d223839332220696e666c617465643d2233393439223e3c2f706172743e3c2f6d616e69666573743e', '\xc1f0759226c194d5b593aa0fde9b3b7808c6621eed148a985aceae65b5bae395', '[["batch.xml.gz", "sha-256", "964ac388d9c190449c852038096162fa7a872fb5fffcbc3bc91a79cd9f39675e"]]', 'outbox/320000/certificate/000001-320000-certificate-00000001.zip', '\xf4ed43e20c4dd07793bf8135322c2d0ad653b492e8a3e8a00599fe9d25411e94', 2024, 'loaded', 0, 1, NULL, NULL, '2026-11-23T02:30:00.014000+08:00', '2026-11-23T02:30:00.020000+08:00', '2026-11-23T02:30:00.042000+08:00', NULL);
INSERT INTO public.batch VALUES ('320000-certificate-00000004', 1, 4, '20261123T023000-f7c4d5', 2, 'ecqs_national', 'sha256:fc185fab39ddbb5a6885c2ee49dbbc05d3712dab763133d6927862bacef1e8de', '0.1.0', '\x3c3f786d6c2076657273696f6e3d22312e302220656e636f64696e673d225554462d38223f3e0a3c6d616e696665737420786d6c6e733d2275726e3a656371732d676174657761793a65786368616e67653a312e30222062617463683d223332303030302d63657274696669636174652d30303030303030342220756e69743d2233323030303022206b696e643d226365727469666963617465222073657175656e63653d22342220637265617465643d22323032362d31312d32335430323a33303a30302e3031323030302b30383a30302220736368656d613d22312e302220636f6e74656e743d227368613235363a666331383566616233396464626235613638383563326565343964626263303564333731326461623736333133336436393237383632626163656631653864652220656e67696e653d22302e312e3022207265636f7264733d223222207369676e61747572653d226564323535313922206b65793d2266663239393766623035626335626230222070726576696f75733d2237356635373932633639393064666133363562313165633262613935396430316239373562623135636330623933313163336461303066656239643333306530222065766964656e63653d2264666234633237303730326263663163323530383033633063383732616664613133316535663032626530366633633537383635666137626563653261383439223e3c70617274206e616d653d2262617463682e786d6c2e677a22206d656469613d226170706c69636174696f6e2f677a697022206469676573742d616c676f726974686d3d227368612d32353622206469676573743d2239306164613030326663646136353233653039616132363636656163363439303564656364643632303534356233303065393164383037633331353932623564222073697a653d223633382220696e666c617465643d2231333439223e3c2f706172743e3c2f6d616e69666573743e', '\x5336ecd338b79b2df1b601c448f88451718d01ed135812bb7bdcba2e719592e7', '[["batch.xml.gz", "sha-256", "90ada002fcda6523e09aa2666eac64905decdd620545b300e91d807c31592b5d"]]', 'outbox/320000/certificate/000001-320000-certificate-00000004.zip', '\x2504e692143f005c6e800fb85050cd666a524e76b5280e9e9607d787337c4f71', 1845, 'loaded', 0, 1, NULL, NULL, '2026-11-23T02:30:00.026000+08:00', '2026-11-23T02:30:00.059000+08:00', '2026-11-23T02:30:00.082000+08:00', NULL);
INSERT INTO public.batch VALUES ('320000-certificate-00000002', 1, 2, '20261123T023000-f7c4d5', 3, 'ecqs_national', 'sha256:fc185fab39ddbb5a6885c2ee49dbbc05d3712dab763133d6927862bacef1e8de', '0.1.0', '\x3c3f786d6c2076657273696f6e3d22312e302220656e636f64696e673d225554462d38223f3e0a3c6d616e696665737420786d6c6e733d2275726e3a656371732d676174657761793a65786368616e67653a312e30222062617463683d223332303030302d63657274696669636174652d30303030303030322220756e69743d2233323030303022206b696e643d226365727469666963617465222073657175656e63653d22322220637265617465643d22323032362d31312d32335430323a33303a30302e3031303030302b30383a30302220736368656d613d22312e302220636f6e74656e743d227368613235363a666331383566616233396464626235613638383563326565343964626263303564333731326461623736333133336436393237383632626163656631653864652220656e67696e653d22302e312e3022207265636f7264733d223322207369676e61747572653d226564323535313922206b65793d2266663239393766623035626335626230222070726576696f75733d2263316630373539323236633139346435623539336161306664653962336237383038633636323165656431343861393835616365616536356235626165333935222065766964656e63653d2238326636323830316366316130376630316132646531613239356535363762316463393435303739393061626161346239663131623164363533353237356663223e3c70617274206e616d653d2262617463682e786d6c2e677a22206d656469613d226170706c69636174696f6e2f677a697022206469676573742d616c676f726974686d3d227368612d32353622206469676573743d2263663931666138653538336663616466663930373263343234336566336164323436633463356363393164326239316661383833373837373464636439373738222073697a653d223639372220696e666c617465643d2231383639223e3c2f706172743e3c2f6d616e69666573743e', '\xeb9824c29444b45d48a9dd323fc8a9b4b0dd3e0f179a0099e9bd86368e92fc08', '[["batch.xml.gz", "sha-256", "cf91fa8e583fcadff9072c4243ef3ad246c4c5cc91d2b91fa88378774dcd9778"]]', 'outbox/320000/certificate/000001-320000-certificate-00000002.zip', '\xf5220f558ed9a88d6e574d7c41419203194baaaf1c017327152468fcec00239e', 1904, 'loaded', 0, 1, NULL, NULL, '2026-11-23T02:30:00.016000+08:00', '2026-11-23T02:30:00.028000+08:00', '2026-11-23T02:30:00.053000+08:00', NULL);
INSERT INTO public.batch VALUES ('320000-certificate-00000003', 1, 3, '20261123T023000-f7c4d5', 7, 'ecqs_national', 'sha256:fc185fab39ddbb5a6885c2ee49dbbc05d3712dab763133d6927862bacef1e8de', '0.1.0', '\x3c3f786d6c2076657273696f6e3d22312e302220656e636f64696e673d225554462d38223f3e0a3c6d616e696665737420786d6c6e733d2275726e3a656371732d676174657761793a65786368616e67653a312e30222062617463683d223332303030302d63657274696669636174652d30303030303030332220756e69743d2233323030303022206b696e643d226365727469666963617465222073657175656e63653d22332220637265617465643d22323032362d31312d32335430323a33303a30302e3031313030302b30383a30302220736368656d613d22312e302220636f6e74656e743d227368613235363a666331383566616233396464626235613638383563326565343964626263303564333731326461623736333133336436393237383632626163656631653864652220656e67696e653d22302e312e3022207265636f7264733d223722207369676e61747572653d226564323535313922206b65793d2266663239393766623035626335626230222070726576696f75733d2265623938323463323934343462343564343861396464333233666338613962346230646433653066313739613030393965396264383633363865393266633038222065766964656e63653d2264666234633237303730326263663163323530383033633063383732616664613133316535663032626530366633633537383635666137626563653261383439223e3c70617274206e616d653d2262617463682e786d6c2e677a22206d656469613d226170706c69636174696f6e2f677a697022206469676573742d616c676f726974686d3d227368612d32353622206469676573743d2235313765663763646134393666663964353335656336313635306633653137396638636461646533643832333439393337383735376364353530616530636665222073697a653d223839342220696e666c617465643d2233393439223e3c2f706172743e3c2f6d616e69666573743e', '\x75f5792c6990dfa365b11ec2ba959d01b975bb15cc0b9311c3da00feb9d330e0', '[["batch.xml.gz", "sha-256", "517ef7cda496ff9d535ec61650f3e179f8cdade3d823499378757cd550ae0cfe"]]', 'outbox/320000/certificate/000001-320000-certificate-00000003.zip', '\xb569f5b2be0d8fc65b36f2df321a5e6e9fae8d248e71610fecaf16f772d39f10', 2101, 'loaded', 0, 1, NULL, NULL, '2026-11-23T02:30:00.024000+08:00', '2026-11-23T02:30:00.056000+08:00', '2026-11-23T02:30:00.071000+08:00', NULL);
INSERT INTO public.batch VALUES ('320000-certificate-00000005', 1, 5, '20261124T023000-dac3b3', 3, 'ecqs_national', 'sha256:fc185fab39ddbb5a6885c2ee49dbbc05d3712dab763133d6927862bacef1e8de', '0.1.0', '\x3c3f786d6c2076657273696f6e3d22312e302220656e636f64696e673d225554462d38223f3e0a3c6d616e696665737420786d6c6e733d2275726e3a656371732d676174657761793a65786368616e67653a312e30222062617463683d223332303030302d63657274696669636174652d30303030303030352220756e69743d2233323030303022206b696e643d226365727469666963617465222073657175656e63653d22352220637265617465643d22323032362d31312d32345430323a33303a30302e3039353030302b30383a30302220736368656d613d22312e302220636f6e74656e743d227368613235363a666331383566616233396464626235613638383563326565343964626263303564333731326461623736333133336436393237383632626163656631653864652220656e67696e653d22302e312e3022207265636f7264733d223322207369676e61747572653d226564323535313922206b65793d2266663239393766623035626335626230222070726576696f75733d2235333336656364333338623739623264663162363031633434386638383435313731386430316564313335383132626237626463626132653731393539326537222065766964656e63653d2235383463303530626430643436326165313131623032323262343739326364376661633434616231366261346434623232333835346262356163646164383331223e3c70617274206e616d653d2262617463682e786d6c2e677a22206d656469613d226170706c69636174696f6e2f677a697022206469676573742d616c676f726974686d3d227368612d32353622206469676573743d2239353035323530623961363239616230633363663737663363316439313833333534363565393466326130353431356630646531353236376430376338656664222073697a653d223834372220696e666c617465643d2232323937223e3c2f706172743e3c2f6d616e69666573743e', '\x05819e44c7424b404599fa44f6afdf1a29f34b58be60fd94d79cc8ceb695f825', '[["batch.xml.gz", "sha-256", "9505250b9a629ab0c3cf77f3c1d918335465e94f2a05415f0de15267d07c8efd"]]', 'outbox/320000/certificate/000002-320000-certificate-00000005.zip', '\x0482b695f5fa1148a852ae9752395779de4c2a00dc833cafa52587d7a35a4856', 2054, 'loaded', 0, 1, NULL, NULL, '2026-11-24T02:30:00.097000+08:00', '2026-11-24T02:30:00.102000+08:00', '2026-11-24T02:30:00.114000+08:00', NULL);
INSERT INTO public.batch VALUES ('320000-certificate-00000006', 1, 6, '20261125T023000-fa4a2b', 5, 'ecqs_national', 'sha256:fc185fab39ddbb5a6885c2ee49dbbc05d3712dab763133d6927862bacef1e8de', '0.1.0', '\x3c3f786d6c2076657273696f6e3d22312e302220656e636f64696e673d225554462d38223f3e0a3c6d616e696665737420786d6c6e733d2275726e3a656371732d676174657761793a65786368616e67653a312e30222062617463683d223332303030302d63657274696669636174652d30303030303030362220756e69743d2233323030303022206b696e643d226365727469666963617465222073657175656e63653d22362220637265617465643d22323032362d31312d32355430323a33303a30302e3132333030302b30383a30302220736368656d613d22312e302220636f6e74656e743d227368613235363a666331383566616233396464626235613638383563326565343964626263303564333731326461623736333133336436393237383632626163656631653864652220656e67696e653d22302e312e3022207265636f7264733d223522207369676e61747572653d226564323535313922206b65793d2266663239393766623035626335626230222070726576696f75733d2230353831396534346337343234623430343539396661343466366166646631613239663334623538626536306664393464373963633863656236393566383235222065766964656e63653d2238363331306233313434636232653736343837333234336434616539386662353130663330616266396534653739656531333330633530363165333466383830223e3c70617274206e616d653d2262617463682e786d6c2e677a22206d656469613d226170706c69636174696f6e2f677a697022206469676573742d616c676f726974686d3d227368612d32353622206469676573743d2263343762303033363337353630613064333136336135316162306238373832383262316361633865366166363634616563356230363266613434383436356631222073697a653d223739352220696e666c617465643d2232393039223e3c2f706172743e3c2f6d616e69666573743e', '\x99037be86194814350c70001acea9e3ce38e02d0a9bbfeecd4fc21be0258984a', '[["batch.xml.gz", "sha-256", "c47b003637560a0d3163a51ab0b878282b1cac8e6af664aec5b062fa448465f1"]]', 'outbox/320000/certificate/000003-320000-certificate-00000006.zip', '\x364f82d095b81db1e22164f0a60f8d824677ed273acc965a73977915614ea9eb', 2002, 'sealed', 0, 4, '2026-11-26T02:30:00.161260+08:00', 'ECQS-5001 127.0.0.1:41439: headquarters cannot be reached (Connection refused) Next: it is tried again; if it stays so, check host, port and firewall', '2026-11-25T02:30:00.125000+08:00', NULL, NULL, NULL);
INSERT INTO public.dead_letter VALUES (1, 1, '200b626c4c600ea68374d3ffc45b671786a901e88b1696b3a929c2dc308277c1', 'rules', '(苏)XK06-001-00020', '20', NULL, NULL, 2, 9, '[{"field":"issue_date","column":"fzrq","rule":"ECQS-1240","severity":"reject","clause":null,"message":"日期无法识别，应为年月日，如 2020-01-05"}]', '{"id":"20","zsbh":"苏XK06-001-00020","qymc":"远山电缆有限公司","tyshxydm":"91440300192317458F","cpmc":"架空绞线","fzrq":"昨天","yxqz":"2029-02-28","zt":"有效","gxsj":"2026-11-20 08:00:00"}', '{"number":"(苏)XK06-001-00020","holder.name":"远山电缆有限公司","holder.uscc":"91440300192317458F","holder.address":null,"test_method":null,"authority.name":"某某市场监督管理局","authority.uscc":null,"authority.area":"320000","issue_date":null,"valid_from":null,"valid_until":"2029-02-28","status":"01","status_cause":null,"status_note":null,"closing_date":null,"electronic_licence.id":null,"electronic_licence.file_digest":null,"products":[{"name":"架空绞线","product_class":null,"variety":null,"unit":null,"model":null}]}', 'sha256:fc185fab39ddbb5a6885c2ee49dbbc05d3712dab763133d6927862bacef1e8de', '0.1.0', 'resolved', '20261123T023000-f7c4d5', '20261123T023000-f7c4d5', '2026-11-23T02:30:00.030000+08:00', '2026-11-24T02:30:00.099000+08:00', 'version 8b5f82d555f3a004fd384a912f7c03a5373b34db8b5e64e17a7584c2d015400c', NULL);
INSERT INTO public.evidence VALUES (1, '2026-11-23T02:30:00.005000+08:00', 'extracted', '320000/certificate/1', '{"files":{"rows":"6692239b4f7528301881b76d29944ab352381204588afb494d78af087cf0ff19"},"rows":10}', '\x4e6b53e1c464ef5d7e25ce0c07bc353998c8d6754d6ce619d4738f8d8b40c319', '\xf379beb9786a81a73a1aa44745f588109f16ec9a91db841c71a6106d1dbb590e');
INSERT INTO public.evidence VALUES (2, '2026-11-23T02:30:00.008000+08:00', 'extracted', '320000/certificate/2', '{"files":{"rows":"72470991c064c27476fbcc9c1a275d30acad70a5d10295f38670b9f764df4969"},"rows":10}', '\xf379beb9786a81a73a1aa44745f588109f16ec9a91db841c71a6106d1dbb590e', '\x82f62801cf1a07f01a2de1a295e567b1dc94507990abaa4b9f11b1d6535275fc');
INSERT INTO public.evidence VALUES (3, '2026-11-23T02:30:00.015000+08:00', 'sealed', '320000-certificate-00000001', '{"manifest":"c1f0759226c194d5b593aa0fde9b3b7808c6621eed148a985aceae65b5bae395","package":"f4ed43e20c4dd07793bf8135322c2d0ad653b492e8a3e8a00599fe9d25411e94","records":7}', '\x82f62801cf1a07f01a2de1a295e567b1dc94507990abaa4b9f11b1d6535275fc', '\xc7571f57731b6de9a94e1a0b3486cfe462e21fbd8e2314eaad0a208fd41c21a2');
INSERT INTO public.evidence VALUES (4, '2026-11-23T02:30:00.017000+08:00', 'sealed', '320000-certificate-00000002', '{"manifest":"eb9824c29444b45d48a9dd323fc8a9b4b0dd3e0f179a0099e9bd86368e92fc08","package":"f5220f558ed9a88d6e574d7c41419203194baaaf1c017327152468fcec00239e","records":3}', '\xc7571f57731b6de9a94e1a0b3486cfe462e21fbd8e2314eaad0a208fd41c21a2', '\xb2d7b45e32082827fc6bf9079aa51b8d45527afe3a809e7741f3c9ac96670024');
INSERT INTO public.evidence VALUES (5, '2026-11-23T02:30:00.018000+08:00', 'prepared', '320000/certificate/1', '{"counts":{"batched":10,"extracted":10},"resolved":0}', '\xb2d7b45e32082827fc6bf9079aa51b8d45527afe3a809e7741f3c9ac96670024', '\xdfb4c270702bcf1c250803c0c872afda131e5f02be06f3c57865fa7bece2a849');
INSERT INTO public.evidence VALUES (6, '2026-11-23T02:30:00.023000+08:00', 'sent', '320000-certificate-00000001', '{"package":"f4ed43e20c4dd07793bf8135322c2d0ad653b492e8a3e8a00599fe9d25411e94"}', '\xdfb4c270702bcf1c250803c0c872afda131e5f02be06f3c57865fa7bece2a849', '\x4f3a6bbb8eb94c475663acd4a13e7df37993acff1e1b943579422606cc40ef32');
INSERT INTO public.evidence VALUES (7, '2026-11-23T02:30:00.025000+08:00', 'sealed', '320000-certificate-00000003', '{"manifest":"75f5792c6990dfa365b11ec2ba959d01b975bb15cc0b9311c3da00feb9d330e0","package":"b569f5b2be0d8fc65b36f2df321a5e6e9fae8d248e71610fecaf16f772d39f10","records":7}', '\x4f3a6bbb8eb94c475663acd4a13e7df37993acff1e1b943579422606cc40ef32', '\xa6426ffe56512acbf314b77b8d985db4c2d0701e8ca4232dc934c39c10f73010');
INSERT INTO public.evidence VALUES (8, '2026-11-23T02:30:00.027000+08:00', 'sealed', '320000-certificate-00000004', '{"manifest":"5336ecd338b79b2df1b601c448f88451718d01ed135812bb7bdcba2e719592e7","package":"2504e692143f005c6e800fb85050cd666a524e76b5280e9e9607d787337c4f71","records":2}', '\xa6426ffe56512acbf314b77b8d985db4c2d0701e8ca4232dc934c39c10f73010', '\x5565116800d4fcdd01aea0b2b13bdadad28d059ec7f74ab9eacd9392384ef0b6');
INSERT INTO public.evidence VALUES (9, '2026-11-23T02:30:00.031000+08:00', 'prepared', '320000/certificate/2', '{"counts":{"batched":9,"dead_new":1,"extracted":10},"resolved":0}', '\x5565116800d4fcdd01aea0b2b13bdadad28d059ec7f74ab9eacd9392384ef0b6', '\x7e8d835c102eb43341f380696f49291c30b9a43f8cc253937e54efac5b584279');
INSERT INTO public.evidence VALUES (10, '2026-11-23T02:30:00.032000+08:00', 'sent', '320000-certificate-00000002', '{"package":"f5220f558ed9a88d6e574d7c41419203194baaaf1c017327152468fcec00239e"}', '\x7e8d835c102eb43341f380696f49291c30b9a43f8cc253937e54efac5b584279', '\x04cd78bdc8f79894f23f60b8cf8f4bb6e5c607de3dc4162a980a2c4a697eb0df');
INSERT INTO public.evidence VALUES (11, '2026-11-23T02:30:00.035000+08:00', 'receipt', '320000-certificate-00000001', '{"level":"received","number":1,"receipt":"d3ff0cb0c645db343a9b310c9175424e6c08e0e8cf4af295765ddd027ac5ef0a"}', '\x04cd78bdc8f79894f23f60b8cf8f4bb6e5c607de3dc4162a980a2c4a697eb0df', '\x94efac57766ee2988555ae882401ac320f30c022949651539dfabc104520bc82');
INSERT INTO public.evidence VALUES (12, '2026-11-23T02:30:00.038000+08:00', 'receipt', '320000-certificate-00000001', '{"level":"validated","number":2,"receipt":"8ed3bf5b3b35d5807e85c68390b4ae9cc0484c561b52938b80aee358d058cacd"}', '\x94efac57766ee2988555ae882401ac320f30c022949651539dfabc104520bc82', '\x7cd6ee97c9bd9faea189fb69cce814be032c653d67a67a991bed94a6ce9cc3bd');
INSERT INTO public.evidence VALUES (13, '2026-11-23T02:30:00.043000+08:00', 'receipt', '320000-certificate-00000001', '{"level":"loaded","number":3,"receipt":"dea355091ff4f3296112b344fd9f68588affb53c7e92b4e37c54d68b40002491"}', '\x7cd6ee97c9bd9faea189fb69cce814be032c653d67a67a991bed94a6ce9cc3bd', '\x79610cd55b5f09fd1ab84633af7618eaeb275ec1d54ab75184a23c4822c94499');
INSERT INTO public.evidence VALUES (14, '2026-11-23T02:30:00.046000+08:00', 'receipt', '320000-certificate-00000002', '{"level":"received","number":4,"receipt":"82bc1bd364b22091905bcc7314ef9a1a10801b7ef38b361b023c40d78b00cd64"}', '\x79610cd55b5f09fd1ab84633af7618eaeb275ec1d54ab75184a23c4822c94499', '\xa8f01ac28f70dccdec89a6fceb29f198ac6cb9e854fbb31164ee4e58a631d067');
INSERT INTO public.evidence VALUES (15, '2026-11-23T02:30:00.049000+08:00', 'receipt', '320000-certificate-00000002', '{"level":"validated","number":5,"receipt":"acfed62ad52e61b323deccfe3232830e444cc12aff2c36be3264837f5fc77285"}', '\xa8f01ac28f70dccdec89a6fceb29f198ac6cb9e854fbb31164ee4e58a631d067', '\xe1a5d80f953c96cf834aeb6c2097869f6292f2f1c96466b026fce5ba75ec329d');
INSERT INTO public.evidence VALUES (16, '2026-11-23T02:30:00.054000+08:00', 'receipt', '320000-certificate-00000002', '{"level":"loaded","number":6,"receipt":"33ba91e0a5f34caf977bbe140e17b8a5787ccb2636fe76124115479a892cf0df"}', '\xe1a5d80f953c96cf834aeb6c2097869f6292f2f1c96466b026fce5ba75ec329d', '\x5c409b5151aad2f79ec2c982862f621ac3477a9da63f314bd302fef07cc53215');
INSERT INTO public.evidence VALUES (17, '2026-11-23T02:30:00.058000+08:00', 'sent', '320000-certificate-00000003', '{"package":"b569f5b2be0d8fc65b36f2df321a5e6e9fae8d248e71610fecaf16f772d39f10"}', '\x5c409b5151aad2f79ec2c982862f621ac3477a9da63f314bd302fef07cc53215', '\xc8c578575c5cf743aa8d4f65090e06422d24fbcb9cfb5bbcd3d9212fea91147e');
INSERT INTO public.evidence VALUES (18, '2026-11-23T02:30:00.061000+08:00', 'sent', '320000-certificate-00000004', '{"package":"2504e692143f005c6e800fb85050cd666a524e76b5280e9e9607d787337c4f71"}', '\xc8c578575c5cf743aa8d4f65090e06422d24fbcb9cfb5bbcd3d9212fea91147e', '\xf9a6284b0bcc08e2e6d470c4ab3e0d211adcae4a38a9c13ab916b791c40da733');
INSERT INTO public.evidence VALUES (19, '2026-11-23T02:30:00.064000+08:00', 'receipt', '320000-certificate-00000003', '{"level":"received","number":7,"receipt":"0d8921943b4dfbbb46aa22da6650b05ee9ac622d0ab45dd7923a08d9d845c054"}', '\xf9a6284b0bcc08e2e6d470c4ab3e0d211adcae4a38a9c13ab916b791c40da733', '\xaceaf915effc991d4a43e78fed3e2ffe6ad73884bf2ccc64c79b7c080b7337e2');
INSERT INTO public.evidence VALUES (20, '2026-11-23T02:30:00.067000+08:00', 'receipt', '320000-certificate-00000003', '{"level":"validated","number":8,"receipt":"93e302cf7d1083a9f437b0d9babdff0d65105c7d520ce16809e3368de1b3aecb"}', '\xaceaf915effc991d4a43e78fed3e2ffe6ad73884bf2ccc64c79b7c080b7337e2', '\x99d05223d121638bccbd87ac05d9009f9f687f3f6bba9527e3fddb4ab4a54932');
INSERT INTO public.evidence VALUES (21, '2026-11-23T02:30:00.072000+08:00', 'receipt', '320000-certificate-00000003', '{"level":"loaded","number":9,"receipt":"e173890c819b0b72ad3228f72d43ce2a5a13ff64749605ee5f9925ca0c639bf9"}', '\x99d05223d121638bccbd87ac05d9009f9f687f3f6bba9527e3fddb4ab4a54932', '\x8a0ec970b9a075717bfe6dfed4bae33a07f4f419f609714a08d30bff22d86126');
INSERT INTO public.evidence VALUES (22, '2026-11-23T02:30:00.075000+08:00', 'receipt', '320000-certificate-00000004', '{"level":"received","number":10,"receipt":"2f1166df2fc5820e0e5117c62c6aa1d4104b8d117dddaa264879449d6263229c"}', '\x8a0ec970b9a075717bfe6dfed4bae33a07f4f419f609714a08d30bff22d86126', '\xd67f9d30efb8eb79ac4c75943c90a50532101881109a3bd28bf12b3fceace3aa');
INSERT INTO public.evidence VALUES (23, '2026-11-23T02:30:00.078000+08:00', 'receipt', '320000-certificate-00000004', '{"level":"validated","number":11,"receipt":"f36d2af8fa74eb0ae2e2768050f75dc58bfe47afee74403ba3821c041c8c0c48"}', '\xd67f9d30efb8eb79ac4c75943c90a50532101881109a3bd28bf12b3fceace3aa', '\x3b37eb886ea8bef358de2a8d7148476295cd85d033bcfaa090f295c797147c40');
INSERT INTO public.evidence VALUES (24, '2026-11-23T02:30:00.083000+08:00', 'receipt', '320000-certificate-00000004', '{"level":"loaded","number":12,"receipt":"eaad9abd1543c17062f315fac3daa83002c3a6f229e4a4e9fe147d070f6a9c09"}', '\x3b37eb886ea8bef358de2a8d7148476295cd85d033bcfaa090f295c797147c40', '\xf158b1bd3d12b1b0cca542f29adaf28dc93b856a33c94b0df73d9621a0a9b387');
INSERT INTO public.evidence VALUES (25, '2026-11-24T02:30:00.089000+08:00', 'extracted', '320000/certificate/3', '{"files":{"rows":"08bb72acbf19765e77bd29b2026f634213a3f618dce18d9b1b82e405fb18937b"},"rows":10}', '\xf158b1bd3d12b1b0cca542f29adaf28dc93b856a33c94b0df73d9621a0a9b387', '\x029151707c5b6286d63fee92f03c1c9f15b55fad73e20f0ae37b491c1825da37');
INSERT INTO public.evidence VALUES (26, '2026-11-24T02:30:00.092000+08:00', 'extracted', '320000/certificate/4', '{"files":{"rows":"05c7880d6c0c32ff54e8078193dcbfc16402404808ce2019960a8386c2eb2e44"},"rows":10}', '\x029151707c5b6286d63fee92f03c1c9f15b55fad73e20f0ae37b491c1825da37', '\x4ed97bdffe1e45d4f88140f6a2b15c9825353308bf95b749137e6f5351efa8ef');
INSERT INTO public.evidence VALUES (27, '2026-11-24T02:30:00.094000+08:00', 'prepared', '320000/certificate/3', '{"counts":{"extracted":10,"unchanged":10},"resolved":0}', '\x4ed97bdffe1e45d4f88140f6a2b15c9825353308bf95b749137e6f5351efa8ef', '\x584c050bd0d462ae111b0222b4792cd7fac44ab16ba4d4b223854bb5acdad831');
INSERT INTO public.evidence VALUES (28, '2026-11-24T02:30:00.098000+08:00', 'sealed', '320000-certificate-00000005', '{"manifest":"05819e44c7424b404599fa44f6afdf1a29f34b58be60fd94d79cc8ceb695f825","package":"0482b695f5fa1148a852ae9752395779de4c2a00dc833cafa52587d7a35a4856","records":3}', '\x584c050bd0d462ae111b0222b4792cd7fac44ab16ba4d4b223854bb5acdad831', '\xe6240c3c717e1a831d54d9941c86bcd2ca3b9a7ee7a447c857fcd623cfe662fa');
INSERT INTO public.evidence VALUES (29, '2026-11-24T02:30:00.100000+08:00', 'prepared', '320000/certificate/4', '{"counts":{"batched":3,"extracted":10,"flagged":3,"unchanged":7},"resolved":1}', '\xe6240c3c717e1a831d54d9941c86bcd2ca3b9a7ee7a447c857fcd623cfe662fa', '\x7965a32af8a207e9b0550f95ec4f87751140a73695346a1f1b8fbc4ac4bf27f0');
INSERT INTO public.evidence VALUES (30, '2026-11-24T02:30:00.104000+08:00', 'sent', '320000-certificate-00000005', '{"package":"0482b695f5fa1148a852ae9752395779de4c2a00dc833cafa52587d7a35a4856"}', '\x7965a32af8a207e9b0550f95ec4f87751140a73695346a1f1b8fbc4ac4bf27f0', '\xec8cd3869f9cecc09a2dc8210861870d69d89bec0396b105385cef8d44634868');
INSERT INTO public.evidence VALUES (32, '2026-11-24T02:30:00.110000+08:00', 'receipt', '320000-certificate-00000005', '{"level":"validated","number":14,"receipt":"fda62e6519475aea31cb575a57dadf9fe0d33980fbe0304e4c878eaafc6f4764"}', '\x55e8504369ac6b91baa9955327934070a1e33f4157a050703a520b25027361ec', '\xf864a8a638d97788cd2c3bd1244822e1417acbb8de452446495723a7ffd10654');
INSERT INTO public.evidence VALUES (33, '2026-11-24T02:30:00.115000+08:00', 'receipt', '320000-certificate-00000005', '{"level":"loaded","number":15,"receipt":"9f6425f065149de78fcae0974050e14175967de896be4fbbfa3ddef56e5e6bc5"}', '\xf864a8a638d97788cd2c3bd1244822e1417acbb8de452446495723a7ffd10654', '\x115b65f86582a92e20d8ad5f51483005dc98689161c6c75a4740b35bd6da59c8');
INSERT INTO public.evidence VALUES (31, '2026-11-24T02:30:00.107000+08:00', 'receipt', '320000-certificate-00000005', '{"level":"received","number":13,"receipt":"0af013fd9bb9e70c4b383235cf2d1b2bc70692b66832dec90931fd6ae0c8bd39"}', '\xec8cd3869f9cecc09a2dc8210861870d69d89bec0396b105385cef8d44634868', '\x55e8504369ac6b91baa9955327934070a1e33f4157a050703a520b25027361ec');
INSERT INTO public.evidence VALUES (34, '2026-11-25T02:30:00.122000+08:00', 'extracted', '320000/certificate/5', '{"files":{"rows":"2f964a9f95b7a724dbd03ffc50413614ce05a17e2352e4ca8d09a4f2d7bf043b"},"rows":8}', '\x115b65f86582a92e20d8ad5f51483005dc98689161c6c75a4740b35bd6da59c8', '\x86310b3144cb2e764873243d4ae98fb510f30abf9e4e79ee1330c5061e34f880');
INSERT INTO public.evidence VALUES (35, '2026-11-25T02:30:00.126000+08:00', 'sealed', '320000-certificate-00000006', '{"manifest":"99037be86194814350c70001acea9e3ce38e02d0a9bbfeecd4fc21be0258984a","package":"364f82d095b81db1e22164f0a60f8d824677ed273acc965a73977915614ea9eb","records":5}', '\x86310b3144cb2e764873243d4ae98fb510f30abf9e4e79ee1330c5061e34f880', '\x6efeaf5fc91d0ff83d67e525e74cc89eea2f1c7c11efc146d7f24e7389422375');
INSERT INTO public.evidence VALUES (36, '2026-11-25T02:30:00.127000+08:00', 'prepared', '320000/certificate/5', '{"counts":{"batched":5,"extracted":8,"unchanged":3},"resolved":0}', '\x6efeaf5fc91d0ff83d67e525e74cc89eea2f1c7c11efc146d7f24e7389422375', '\x69fe915d618fda322862b83d007f2a9bb446954d989b66db57fd4e33c838507e');
INSERT INTO public.evidence VALUES (37, '2026-11-26T02:30:00.147000+08:00', 'extracted', '320000/certificate/6', '{"files":{"rows":"941702ee9d4d20b092a93dae51950dd880f016e7cd1528075c530399ed0bb5a3"},"rows":8}', '\x69fe915d618fda322862b83d007f2a9bb446954d989b66db57fd4e33c838507e', '\x5266f399cada579137402c25c1ff5fd73f1bde3df1e73831238192cc2ee94fd3');
INSERT INTO public.extraction VALUES (1, 1, '20261123T023000-f7c4d5', 10, 'zs', '{"rows": ["extractions/320000/certificate/20261123T023000-f7c4d5-1-000001.rows.arrow", "6692239b4f7528301881b76d29944ab352381204588afb494d78af087cf0ff19", 2961]}', '{"changed_at":"2026-11-20 08:00:00","key":["10"]}', 'processed', '2026-11-23T02:30:00.004000+08:00', 'source', NULL);
INSERT INTO public.extraction VALUES (2, 1, '20261123T023000-f7c4d5', 10, 'zs', '{"rows": ["extractions/320000/certificate/20261123T023000-f7c4d5-1-000002.rows.arrow", "72470991c064c27476fbcc9c1a275d30acad70a5d10295f38670b9f764df4969", 3025]}', '{"changed_at":"2026-11-20 08:00:00","key":["20"]}', 'processed', '2026-11-23T02:30:00.007000+08:00', 'source', NULL);
INSERT INTO public.extraction VALUES (3, 1, '20261124T023000-dac3b3', 10, 'zs', '{"rows": ["extractions/320000/certificate/20261124T023000-dac3b3-2-000001.rows.arrow", "08bb72acbf19765e77bd29b2026f634213a3f618dce18d9b1b82e405fb18937b", 2961]}', '{"changed_at":"2026-11-20 08:00:00","key":["12"]}', 'processed', '2026-11-24T02:30:00.088000+08:00', 'source', NULL);
INSERT INTO public.extraction VALUES (4, 1, '20261124T023000-dac3b3', 10, 'zs', '{"rows": ["extractions/320000/certificate/20261124T023000-dac3b3-2-000002.rows.arrow", "05c7880d6c0c32ff54e8078193dcbfc16402404808ce2019960a8386c2eb2e44", 3089]}', '{"changed_at":"2026-11-21 08:00:00","key":["20"]}', 'processed', '2026-11-24T02:30:00.091000+08:00', 'source', NULL);
INSERT INTO public.extraction VALUES (5, 1, '20261125T023000-fa4a2b', 8, 'zs', '{"rows": ["extractions/320000/certificate/20261125T023000-fa4a2b-3-000001.rows.arrow", "2f964a9f95b7a724dbd03ffc50413614ce05a17e2352e4ca8d09a4f2d7bf043b", 3089]}', '{"changed_at":"2026-11-22 08:00:00","key":["25"]}', 'processed', '2026-11-25T02:30:00.121000+08:00', 'source', NULL);
INSERT INTO public.extraction VALUES (6, 1, '20261126T023000-bad433', 8, 'zs', '{"rows": ["extractions/320000/certificate/20261126T023000-bad433-4-000001.rows.arrow", "941702ee9d4d20b092a93dae51950dd880f016e7cd1528075c530399ed0bb5a3", 3025]}', '{"changed_at":"2026-11-22 09:00:00","key":["28"]}', 'stored', '2026-11-26T02:30:00.146000+08:00', 'source', NULL);
INSERT INTO public.finding VALUES (1, 1, '(苏)XK06-001-00001', 5, 'CERT-006', 'status,status_cause,closing_date', '证书已撤销、注销、吊销或撤回，但没有填写状态原因或终止日期');
INSERT INTO public.finding VALUES (2, 1, '(苏)XK06-001-00002', 5, 'CERT-006', 'status,status_cause,closing_date', '证书已撤销、注销、吊销或撤回，但没有填写状态原因或终止日期');
INSERT INTO public.finding VALUES (3, 1, '(苏)XK06-001-00020', 5, 'CERT-006', 'status,status_cause,closing_date', '证书已撤销、注销、吊销或撤回，但没有填写状态原因或终止日期');
INSERT INTO public.lane VALUES (1, '320000', 'certificate', 7, '\x99037be86194814350c70001acea9e3ce38e02d0a9bbfeecd4fc21be0258984a', '{"changed_at":"2026-11-22 09:00:00","key":["28"]}', 4, NULL, NULL, NULL);
INSERT INTO public.receipt VALUES (1, '320000-certificate-00000001', '320000', 'received', 'HQ0000000001', 1, '2026-11-27T01:31:27+08:00', '320000-certificate-00000001.received.zip', '\xd3ff0cb0c645db343a9b310c9175424e6c08e0e8cf4af295765ddd027ac5ef0a', 'receipts/320000/d3ff0cb0c645db343a9b310c9175424e6c08e0e8cf4af295765ddd027ac5ef0a.zip', 'accepted', NULL, '2026-11-23T02:30:00.034000+08:00');
INSERT INTO public.receipt VALUES (2, '320000-certificate-00000001', '320000', 'validated', 'HQ0000000002', 2, '2026-11-27T01:31:27+08:00', '320000-certificate-00000001.validated.zip', '\x8ed3bf5b3b35d5807e85c68390b4ae9cc0484c561b52938b80aee358d058cacd', 'receipts/320000/8ed3bf5b3b35d5807e85c68390b4ae9cc0484c561b52938b80aee358d058cacd.zip', 'accepted', NULL, '2026-11-23T02:30:00.037000+08:00');
INSERT INTO public.receipt VALUES (3, '320000-certificate-00000001', '320000', 'loaded', 'HQ0000000003', 3, '2026-11-27T01:31:27+08:00', '320000-certificate-00000001.loaded.zip', '\xdea355091ff4f3296112b344fd9f68588affb53c7e92b4e37c54d68b40002491', 'receipts/320000/dea355091ff4f3296112b344fd9f68588affb53c7e92b4e37c54d68b40002491.zip', 'accepted', NULL, '2026-11-23T02:30:00.040000+08:00');
INSERT INTO public.receipt VALUES (4, '320000-certificate-00000002', '320000', 'received', 'HQ0000000004', 4, '2026-11-27T01:31:27+08:00', '320000-certificate-00000002.received.zip', '\x82bc1bd364b22091905bcc7314ef9a1a10801b7ef38b361b023c40d78b00cd64', 'receipts/320000/82bc1bd364b22091905bcc7314ef9a1a10801b7ef38b361b023c40d78b00cd64.zip', 'accepted', NULL, '2026-11-23T02:30:00.045000+08:00');
INSERT INTO public.receipt VALUES (5, '320000-certificate-00000002', '320000', 'validated', 'HQ0000000005', 5, '2026-11-27T01:31:27+08:00', '320000-certificate-00000002.validated.zip', '\xacfed62ad52e61b323deccfe3232830e444cc12aff2c36be3264837f5fc77285', 'receipts/320000/acfed62ad52e61b323deccfe3232830e444cc12aff2c36be3264837f5fc77285.zip', 'accepted', NULL, '2026-11-23T02:30:00.048000+08:00');
INSERT INTO public.receipt VALUES (6, '320000-certificate-00000002', '320000', 'loaded', 'HQ0000000006', 6, '2026-11-27T01:31:27+08:00', '320000-certificate-00000002.loaded.zip', '\x33ba91e0a5f34caf977bbe140e17b8a5787ccb2636fe76124115479a892cf0df', 'receipts/320000/33ba91e0a5f34caf977bbe140e17b8a5787ccb2636fe76124115479a892cf0df.zip', 'accepted', NULL, '2026-11-23T02:30:00.051000+08:00');
INSERT INTO public.receipt VALUES (7, '320000-certificate-00000003', '320000', 'received', 'HQ0000000007', 7, '2026-11-27T01:31:28+08:00', '320000-certificate-00000003.received.zip', '\x0d8921943b4dfbbb46aa22da6650b05ee9ac622d0ab45dd7923a08d9d845c054', 'receipts/320000/0d8921943b4dfbbb46aa22da6650b05ee9ac622d0ab45dd7923a08d9d845c054.zip', 'accepted', NULL, '2026-11-23T02:30:00.063000+08:00');
INSERT INTO public.receipt VALUES (8, '320000-certificate-00000003', '320000', 'validated', 'HQ0000000008', 8, '2026-11-27T01:31:28+08:00', '320000-certificate-00000003.validated.zip', '\x93e302cf7d1083a9f437b0d9babdff0d65105c7d520ce16809e3368de1b3aecb', 'receipts/320000/93e302cf7d1083a9f437b0d9babdff0d65105c7d520ce16809e3368de1b3aecb.zip', 'accepted', NULL, '2026-11-23T02:30:00.066000+08:00');
INSERT INTO public.receipt VALUES (9, '320000-certificate-00000003', '320000', 'loaded', 'HQ0000000009', 9, '2026-11-27T01:31:28+08:00', '320000-certificate-00000003.loaded.zip', '\xe173890c819b0b72ad3228f72d43ce2a5a13ff64749605ee5f9925ca0c639bf9', 'receipts/320000/e173890c819b0b72ad3228f72d43ce2a5a13ff64749605ee5f9925ca0c639bf9.zip', 'accepted', NULL, '2026-11-23T02:30:00.069000+08:00');
INSERT INTO public.receipt VALUES (10, '320000-certificate-00000004', '320000', 'received', 'HQ0000000010', 10, '2026-11-27T01:31:28+08:00', '320000-certificate-00000004.received.zip', '\x2f1166df2fc5820e0e5117c62c6aa1d4104b8d117dddaa264879449d6263229c', 'receipts/320000/2f1166df2fc5820e0e5117c62c6aa1d4104b8d117dddaa264879449d6263229c.zip', 'accepted', NULL, '2026-11-23T02:30:00.074000+08:00');
INSERT INTO public.receipt VALUES (11, '320000-certificate-00000004', '320000', 'validated', 'HQ0000000011', 11, '2026-11-27T01:31:28+08:00', '320000-certificate-00000004.validated.zip', '\xf36d2af8fa74eb0ae2e2768050f75dc58bfe47afee74403ba3821c041c8c0c48', 'receipts/320000/f36d2af8fa74eb0ae2e2768050f75dc58bfe47afee74403ba3821c041c8c0c48.zip', 'accepted', NULL, '2026-11-23T02:30:00.077000+08:00');
INSERT INTO public.receipt VALUES (12, '320000-certificate-00000004', '320000', 'loaded', 'HQ0000000012', 12, '2026-11-27T01:31:28+08:00', '320000-certificate-00000004.loaded.zip', '\xeaad9abd1543c17062f315fac3daa83002c3a6f229e4a4e9fe147d070f6a9c09', 'receipts/320000/eaad9abd1543c17062f315fac3daa83002c3a6f229e4a4e9fe147d070f6a9c09.zip', 'accepted', NULL, '2026-11-23T02:30:00.080000+08:00');
INSERT INTO public.receipt VALUES (13, '320000-certificate-00000005', '320000', 'received', 'HQ0000000013', 13, '2026-11-27T01:31:29+08:00', '320000-certificate-00000005.received.zip', '\x0af013fd9bb9e70c4b383235cf2d1b2bc70692b66832dec90931fd6ae0c8bd39', 'receipts/320000/0af013fd9bb9e70c4b383235cf2d1b2bc70692b66832dec90931fd6ae0c8bd39.zip', 'accepted', NULL, '2026-11-24T02:30:00.106000+08:00');
INSERT INTO public.receipt VALUES (14, '320000-certificate-00000005', '320000', 'validated', 'HQ0000000014', 14, '2026-11-27T01:31:29+08:00', '320000-certificate-00000005.validated.zip', '\xfda62e6519475aea31cb575a57dadf9fe0d33980fbe0304e4c878eaafc6f4764', 'receipts/320000/fda62e6519475aea31cb575a57dadf9fe0d33980fbe0304e4c878eaafc6f4764.zip', 'accepted', NULL, '2026-11-24T02:30:00.109000+08:00');
INSERT INTO public.receipt VALUES (15, '320000-certificate-00000005', '320000', 'loaded', 'HQ0000000015', 15, '2026-11-27T01:31:29+08:00', '320000-certificate-00000005.loaded.zip', '\x9f6425f065149de78fcae0974050e14175967de896be4fbbfa3ddef56e5e6bc5', 'receipts/320000/9f6425f065149de78fcae0974050e14175967de896be4fbbfa3ddef56e5e6bc5.zip', 'accepted', NULL, '2026-11-24T02:30:00.112000+08:00');
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
INSERT INTO public.run VALUES ('20261123T023000-f7c4d5', 'nightly', '2026-11-23T02:30:00.001000+08:00', '2026-11-23T02:30:00.084000+08:00', 'done', 'sha256:fc185fab39ddbb5a6885c2ee49dbbc05d3712dab763133d6927862bacef1e8de', '0.1.0', NULL, NULL);
INSERT INTO public.run VALUES ('20261124T023000-dac3b3', 'nightly', '2026-11-24T02:30:00.085000+08:00', '2026-11-24T02:30:00.117000+08:00', 'done', 'sha256:fc185fab39ddbb5a6885c2ee49dbbc05d3712dab763133d6927862bacef1e8de', '0.1.0', NULL, NULL);
INSERT INTO public.run VALUES ('20261125T023000-fa4a2b', 'nightly', '2026-11-25T02:30:00.118000+08:00', '2026-11-25T02:30:00.135000+08:00', 'failed', 'sha256:fc185fab39ddbb5a6885c2ee49dbbc05d3712dab763133d6927862bacef1e8de', '0.1.0', '320000 certificate', NULL);
INSERT INTO public.run VALUES ('20261126T023000-bad433', 'nightly', '2026-11-26T02:30:00.136000+08:00', '2026-11-26T02:30:00.149000+08:00', 'failed', 'sha256:fc185fab39ddbb5a6885c2ee49dbbc05d3712dab763133d6927862bacef1e8de', '0.1.0', '320000 certificate', NULL);
INSERT INTO public.run_count VALUES ('20261126T023000-bad433', 1, 8, 0, 0, 0, 0, 0, 0, 0, 0, 0, '{"collect": "ended by a defect (KeyboardInterrupt); the log has the rest"}');
INSERT INTO public.run_count VALUES ('20261123T023000-f7c4d5', 1, 20, 0, 0, 19, 1, 0, 0, 19, 19, 0, NULL);
INSERT INTO public.run_count VALUES ('20261124T023000-dac3b3', 1, 20, 17, 0, 3, 0, 0, 3, 3, 3, 0, NULL);
INSERT INTO public.run_count VALUES ('20261125T023000-fa4a2b', 1, 8, 3, 0, 5, 0, 0, 0, 0, 0, 0, '{"deliver": "ECQS-5001 127.0.0.1:41439: headquarters cannot be reached (Connection refused) Next: it is tried again; if it stays so, check host, port and firewall"}');
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
    ADD CONSTRAINT pk_record_version PRIMARY KEY (lane_id, key, sequence);
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
CREATE INDEX ix_record_version_lane_id_sequence ON public.record_version USING btree (lane_id, sequence);
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
