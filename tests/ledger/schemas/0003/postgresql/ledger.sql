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
INSERT INTO public.attempt VALUES (1, '320000-certificate-00000001', '20261123T023000-7802ff', '2026-11-23T02:30:00.031000+08:00', 'sent', NULL);
INSERT INTO public.attempt VALUES (2, '320000-certificate-00000002', '20261123T023000-7802ff', '2026-11-23T02:30:00.034000+08:00', 'sent', NULL);
INSERT INTO public.attempt VALUES (3, '320000-certificate-00000003', '20261123T023000-7802ff', '2026-11-23T02:30:00.060000+08:00', 'sent', NULL);
INSERT INTO public.attempt VALUES (4, '320000-certificate-00000004', '20261123T023000-7802ff', '2026-11-23T02:30:00.063000+08:00', 'sent', NULL);
INSERT INTO public.attempt VALUES (5, '320000-certificate-00000005', '20261124T023000-051551', '2026-11-24T02:30:00.108000+08:00', 'sent', NULL);
INSERT INTO public.attempt VALUES (6, '320000-certificate-00000006', '20261125T023000-858b56', '2026-11-25T02:30:00.138000+08:00', 'transient', 'ECQS-5001 127.0.0.1:37103: headquarters cannot be reached (Connection refused) Next: it is tried again; if it stays so, check host, port and firewall');
INSERT INTO public.attempt VALUES (7, '320000-certificate-00000006', '20261125T023000-858b56', '2026-11-25T02:30:00.141000+08:00', 'transient', 'ECQS-5001 127.0.0.1:37103: headquarters cannot be reached (Connection refused) Next: it is tried again; if it stays so, check host, port and firewall');
INSERT INTO public.attempt VALUES (8, '320000-certificate-00000006', '20261126T023000-3c1c4f', '2026-11-26T02:30:00.150000+08:00', 'transient', 'ECQS-5001 127.0.0.1:37103: headquarters cannot be reached (Connection refused) Next: it is tried again; if it stays so, check host, port and firewall');
INSERT INTO public.attempt VALUES (9, '320000-certificate-00000006', '20261126T023000-3c1c4f', '2026-11-26T02:30:00.156000+08:00', 'transient', 'ECQS-5001 127.0.0.1:37103: headquarters cannot be reached (Connection refused) Next: it is tried again; if it stays so, check host, port and firewall');
INSERT INTO public.batch VALUES ('320000-certificate-00000002', 1, 2, '20261123T023000-7802ff', 3, 'ecqs_national', 'sha256:a78b58dac78e2de4929c2f2147c365d919b4ec8c06d32659085b60042e48a2e7', '0.1.0', '\x3c3f786d6c2076657273696f6e3d22312e302220656e636f64696e673d225554462d38223f3e0a3c6d616e696665737420786d6c6e733d2275726e3a656371732d676174657761793a65786368616e67653a312e30222062617463683d223332303030302d63657274696669636174652d30303030303030322220756e69743d2233323030303022206b696e643d226365727469666963617465222073657175656e63653d22322220637265617465643d22323032362d31312d32335430323a33303a30302e3031333030302b30383a30302220736368656d613d22312e302220636f6e74656e743d227368613235363a613738623538646163373865326465343932396332663231343763333635643931396234656338633036643332363539303835623630303432653438613265372220656e67696e653d22302e312e3022207265636f7264733d223322207369676e61747572653d226564323535313922206b65793d2266356465386234666661353530656534222070726576696f75733d2263373463313332396666326661313739663663333036313132396134316361376166383363393039623938396230393766313534613635663535303665656539222065766964656e63653d2231323730313262333433356337396332346161633239363938323662636432383861383035626666343063643666303838633764326462383634313666363865222065766964656e63652d656e7472793d2234223e3c70617274206e616d653d2262617463682e786d6c2e677a22206d656469613d226170706c69636174696f6e2f677a697022206469676573742d616c676f726974686d3d227368612d32353622206469676573743d2261616138316436386264396366363331623033623537393333363131616262396430636532636130323136303930336235666536663739313638363231323535222073697a653d223639362220696e666c617465643d2231383639223e3c2f706172743e3c2f6d616e69666573743e', '\xde84db13a8b2ba26ef59cbf11f29ba0ac393262f63d63aa182fc9df6f3ce0385', '[["batch.xml.gz", "sha-256", "aaa81d68bd9cf631b03b57933611abb9d0ce2ca02160903b5fe6f79168621255"]]', 'outbox/320000/certificate/000001-320000-certificate-00000002.zip', '\x41ea6cdc59a28fc1b45ec3054ff535f462e44e78159f2414353435e0a00ea26b', 1922, 'loaded', 0, 1, NULL, NULL, '2026-11-23T02:30:00.018000+08:00', '2026-11-23T02:30:00.034000+08:00', '2026-11-23T02:30:00.057000+08:00', NULL);
INSERT INTO public.batch VALUES ('320000-certificate-00000003', 1, 3, '20261123T023000-7802ff', 7, 'ecqs_national', 'sha256:a78b58dac78e2de4929c2f2147c365d919b4ec8c06d32659085b60042e48a2e7', '0.1.0', '\x3c3f786d6c2076657273696f6e3d22312e302220656e636f64696e673d225554462d38223f3e0a3c6d616e696665737420786d6c6e733d2275726e3a656371732d676174657761793a65786368616e67653a312e30222062617463683d223332303030302d63657274696669636174652d30303030303030332220756e69743d2233323030303022206b696e643d226365727469666963617465222073657175656e63653d22332220637265617465643d22323032362d31312d32335430323a33303a30302e3031343030302b30383a30302220736368656d613d22312e302220636f6e74656e743d227368613235363a613738623538646163373865326465343932396332663231343763333635643931396234656338633036643332363539303835623630303432653438613265372220656e67696e653d22302e312e3022207265636f7264733d223722207369676e61747572653d226564323535313922206b65793d2266356465386234666661353530656534222070726576696f75733d2264653834646231336138623262613236656635396362663131663239626130616333393332363266363364363361613138326663396466366633636530333835222065766964656e63653d2235323638303464646632666431646538663232353433333936633532323831353334613937653036663538393165663231323137303738353832373539306532222065766964656e63652d656e7472793d2237223e3c70617274206e616d653d2262617463682e786d6c2e677a22206d656469613d226170706c69636174696f6e2f677a697022206469676573742d616c676f726974686d3d227368612d32353622206469676573743d2266653437616131326365376438316438663264353161393536366365373762393362643565633061666161653331633433346437633263396135316435323861222073697a653d223839352220696e666c617465643d2233393439223e3c2f706172743e3c2f6d616e69666573743e', '\xd8e669a7cceff9d516fb5fd46573194c8a504d4acc3eca89f3e1fab706f5cd81', '[["batch.xml.gz", "sha-256", "fe47aa12ce7d81d8f2d51a9566ce77b93bd5ec0afaae31c434d7c2c9a51d528a"]]', 'outbox/320000/certificate/000001-320000-certificate-00000003.zip', '\x184dbffafeab789fc1876b3c3550c590609b8c07cd033243b9311e0c49eab9e7', 2121, 'loaded', 0, 1, NULL, NULL, '2026-11-23T02:30:00.023000+08:00', '2026-11-23T02:30:00.060000+08:00', '2026-11-23T02:30:00.075000+08:00', NULL);
INSERT INTO public.batch VALUES ('320000-certificate-00000004', 1, 4, '20261123T023000-7802ff', 2, 'ecqs_national', 'sha256:a78b58dac78e2de4929c2f2147c365d919b4ec8c06d32659085b60042e48a2e7', '0.1.0', '\x3c3f786d6c2076657273696f6e3d22312e302220656e636f64696e673d225554462d38223f3e0a3c6d616e696665737420786d6c6e733d2275726e3a656371732d676174657761793a65786368616e67653a312e30222062617463683d223332303030302d63657274696669636174652d30303030303030342220756e69743d2233323030303022206b696e643d226365727469666963617465222073657175656e63653d22342220637265617465643d22323032362d31312d32335430323a33303a30302e3031353030302b30383a30302220736368656d613d22312e302220636f6e74656e743d227368613235363a613738623538646163373865326465343932396332663231343763333635643931396234656338633036643332363539303835623630303432653438613265372220656e67696e653d22302e312e3022207265636f7264733d223222207369676e61747572653d226564323535313922206b65793d2266356465386234666661353530656534222070726576696f75733d2264386536363961376363656666396435313666623566643436353733313934633861353034643461636333656361383966336531666162373036663563643831222065766964656e63653d2235323638303464646632666431646538663232353433333936633532323831353334613937653036663538393165663231323137303738353832373539306532222065766964656e63652d656e7472793d2237223e3c70617274206e616d653d2262617463682e786d6c2e677a22206d656469613d226170706c69636174696f6e2f677a697022206469676573742d616c676f726974686d3d227368612d32353622206469676573743d2239653333323235346665383464306166316230646361633361323565383034373061616639363239316365626238373035633435653035326237613137613135222073697a653d223633382220696e666c617465643d2231333439223e3c2f706172743e3c2f6d616e69666573743e', '\x487263c9ed4ecd1df2d4691c58ea8bb1e3ded3cba4e00f227b0cd3f263ebf4e6', '[["batch.xml.gz", "sha-256", "9e332254fe84d0af1b0dcac3a25e80470aaf96291cebb8705c45e052b7a17a15"]]', 'outbox/320000/certificate/000001-320000-certificate-00000004.zip', '\x82ddb4145c11498ee087c9633e49754b56e03ccf098561152d91f7e775a830be', 1864, 'loaded', 0, 1, NULL, NULL, '2026-11-23T02:30:00.024000+08:00', '2026-11-23T02:30:00.063000+08:00', '2026-11-23T02:30:00.086000+08:00', NULL);
INSERT INTO public.batch VALUES ('320000-certificate-00000001', 1, 1, '20261123T023000-7802ff', 7, 'ecqs_national', 'sha256:a78b58dac78e2de4929c2f2147c365d919b4ec8c06d32659085b60042e48a2e7', '0.1.0', '\x3c3f786d6c2076657273696f6e3d22312e302220656e636f64696e673d225554462d38223f3e0a3c6d616e696665737420786d6c6e733d2275726e3a656371732d676174657761793a65786368616e67653a312e30222062617463683d223332303030302d63657274696669636174652d30303030303030312220756e69743d2233323030303022206b696e643d226365727469666963617465222073657175656e63653d22312220637265617465643d22323032362d31312d32335430323a33303a30302e3031323030302b30383a30302220736368656d613d22312e302220636f6e74656e743d227368613235363a613738623538646163373865326465343932396332663231343763333635643931396234656338633036643332363539303835623630303432653438613265372220656e67696e653d22302e312e3022207265636f7264733d223722207369676e61747572653d226564323535313922206b65793d2266356465386234666661353530656534222065766964656e63653d2231323730313262333433356337396332346161633239363938323662636432383861383035626666343063643666303838633764326462383634313666363865222065766964656e63652d656e7472793d2234223e3c70617274206e616d653d2262617463682e786d6c2e677a22206d656469613d226170706c69636174696f6e2f677a697022206469676573742d616c676f726974686d3d227368612d32353622206469676573743d2230303738323538613737633638306136333736623762623833633162623035333061663138633139663961643865666530353766343831393639303738386264222073697a653d223839322220696e666c617465643d2233393439223e3c2f706172743e3c2f6d616e69666573743e', '\xc74c1329ff2fa179f6c3061129a41ca7af83c909b989b097f154a65f5506eee9', '[["batch.xml.gz", "sha-256", "0078258a77c680a6376b7bb83c1bb0530af18c19f9ad8efe057f4819690788bd"]]', 'outbox/320000/certificate/000001-320000-certificate-00000001.zip', '\x924280d10818a7c5341fb91e3e69024500808d8303b8122dcc80fccebd87d549', 2042, 'loaded', 0, 1, NULL, NULL, '2026-11-23T02:30:00.017000+08:00', '2026-11-23T02:30:00.031000+08:00', '2026-11-23T02:30:00.046000+08:00', NULL);
INSERT INTO public.batch VALUES ('320000-certificate-00000005', 1, 5, '20261124T023000-051551', 3, 'ecqs_national', 'sha256:a78b58dac78e2de4929c2f2147c365d919b4ec8c06d32659085b60042e48a2e7', '0.1.0', '\x3c3f786d6c2076657273696f6e3d22312e302220656e636f64696e673d225554462d38223f3e0a3c6d616e696665737420786d6c6e733d2275726e3a656371732d676174657761793a65786368616e67653a312e30222062617463683d223332303030302d63657274696669636174652d30303030303030352220756e69743d2233323030303022206b696e643d226365727469666963617465222073657175656e63653d22352220637265617465643d22323032362d31312d32345430323a33303a30302e3130313030302b30383a30302220736368656d613d22312e302220636f6e74656e743d227368613235363a613738623538646163373865326465343932396332663231343763333635643931396234656338633036643332363539303835623630303432653438613265372220656e67696e653d22302e312e3022207265636f7264733d223322207369676e61747572653d226564323535313922206b65793d2266356465386234666661353530656534222070726576696f75733d2234383732363363396564346563643164663264343639316335386561386262316533646564336362613465303066323237623063643366323633656266346536222065766964656e63653d2238666332343938346363333964386538383633643630396331313331633839323733323736616366383866346564373564616266313439393735653265663961222065766964656e63652d656e7472793d223331223e3c70617274206e616d653d2262617463682e786d6c2e677a22206d656469613d226170706c69636174696f6e2f677a697022206469676573742d616c676f726974686d3d227368612d32353622206469676573743d2231363162346636323761356230666163373938316636353462613635373061393063663638343738333532323235633138623536393339656464643935333364222073697a653d223834362220696e666c617465643d2232323937223e3c2f706172743e3c2f6d616e69666573743e', '\x5d4c69eb8eab7019f9cfc99da0a988fdb6ad62c1ec936826d61f88c846c78680', '[["batch.xml.gz", "sha-256", "161b4f627a5b0fac7981f654ba6570a90cf68478352225c18b56939eddd9533d"]]', 'outbox/320000/certificate/000002-320000-certificate-00000005.zip', '\x3b5475ba1b9436257e015310396f84303e3678c3b23a348f8ea608940dca7ceb', 2073, 'loaded', 0, 1, NULL, NULL, '2026-11-24T02:30:00.103000+08:00', '2026-11-24T02:30:00.108000+08:00', '2026-11-24T02:30:00.120000+08:00', NULL);
INSERT INTO public.batch VALUES ('320000-certificate-00000006', 1, 6, '20261125T023000-858b56', 5, 'ecqs_national', 'sha256:a78b58dac78e2de4929c2f2147c365d919b4ec8c06d32659085b60042e48a2e7', '0.1.0', '\x3c3f786d6c2076657273696f6e3d22312e302220656e636f64696e673d225554462d38223f3e0a3c6d616e696665737420786d6c6e733d2275726e3a656371732d676174657761793a65786368616e67653a312e30222062617463683d223332303030302d63657274696669636174652d30303030303030362220756e69743d2233323030303022206b696e643d226365727469666963617465222073657175656e63653d22362220637265617465643d22323032362d31312d32355430323a33303a30302e3133313030302b30383a30302220736368656d613d22312e302220636f6e74656e743d227368613235363a613738623538646163373865326465343932396332663231343763333635643931396234656338633036643332363539303835623630303432653438613265372220656e67696e653d22302e312e3022207265636f7264733d223522207369676e61747572653d226564323535313922206b65793d2266356465386234666661353530656534222070726576696f75733d2235643463363965623865616237303139663963666339396461306139383866646236616436326331656339333638323664363166383863383436633738363830222065766964656e63653d2265313334363165323636303665353862366239333165363936623935333136363338383066613932613837623232313431626539623133613738376331653761222065766964656e63652d656e7472793d223430223e3c70617274206e616d653d2262617463682e786d6c2e677a22206d656469613d226170706c69636174696f6e2f677a697022206469676573742d616c676f726974686d3d227368612d32353622206469676573743d2231336636353131316432376134653837343437373361323466353639616664363564326366636532356462653662623663656230396331313336653532633435222073697a653d223739352220696e666c617465643d2232393039223e3c2f706172743e3c2f6d616e69666573743e', '\xddb22d90bac5e1ef4830f407fdd36c396c40e4ec8b8713b708c3f34f3cf205e0', '[["batch.xml.gz", "sha-256", "13f65111d27a4e8744773a24f569afd65d2cfce25dbe6bb6ceb09c1136e52c45"]]', 'outbox/320000/certificate/000003-320000-certificate-00000006.zip', '\x0908d02f85297e2cc4fe3c77cc3043e2ddb41bb4d8257ca03781ccc752873e96', 2022, 'sealed', 0, 4, '2026-11-26T02:30:00.165210+08:00', 'ECQS-5001 127.0.0.1:37103: headquarters cannot be reached (Connection refused) Next: it is tried again; if it stays so, check host, port and firewall', '2026-11-25T02:30:00.133000+08:00', NULL, NULL, NULL);
INSERT INTO public.content_bundle VALUES ('sha256:a78b58dac78e2de4929c2f2147c365d919b4ec8c06d32659085b60042e48a2e7', 'content/a78b58dac78e2de4929c2f2147c365d919b4ec8c06d32659085b60042e48a2e7.zip', '\x28f0d85f11bfd7c49a51f8e544c3f8b61058d2ca71a58f8e2ea8d030352b0d2a', 344820, '0.1.0', '2026-11-23T02:30:00.001000+08:00');
INSERT INTO public.dead_letter VALUES (1, 1, '200b626c4c600ea68374d3ffc45b671786a901e88b1696b3a929c2dc308277c1', 'mapping', '(苏)XK06-001-00020', '20', NULL, NULL, 2, 9, '[{"field":"issue_date","column":"fzrq","rule":"ECQS-1240","severity":"reject","clause":null,"message":"日期无法识别，应为年月日，如 2020-01-05"}]', '{"id":"20","zsbh":"苏XK06-001-00020","qymc":"远山电缆有限公司","tyshxydm":"91440300192317458F","cpmc":"架空绞线","fzrq":"昨天","yxqz":"2029-02-28","zt":"有效","gxsj":"2026-11-20 08:00:00"}', '{"number":"(苏)XK06-001-00020","holder.name":"远山电缆有限公司","holder.uscc":"91440300192317458F","holder.address":null,"test_method":null,"authority.name":"某某市场监督管理局","authority.uscc":null,"authority.area":"320000","issue_date":null,"valid_from":null,"valid_until":"2029-02-28","status":"01","status_cause":null,"status_note":null,"closing_date":null,"electronic_licence.id":null,"electronic_licence.file_digest":null,"products":[{"name":"架空绞线","product_class":null,"variety":null,"unit":null,"model":null}]}', 'sha256:a78b58dac78e2de4929c2f2147c365d919b4ec8c06d32659085b60042e48a2e7', '0.1.0', 'resolved', '20261123T023000-7802ff', '20261123T023000-7802ff', '2026-11-23T02:30:00.025000+08:00', '2026-11-24T02:30:00.104000+08:00', 'version 8b5f82d555f3a004fd384a912f7c03a5373b34db8b5e64e17a7584c2d015400c', NULL);
INSERT INTO public.evidence VALUES (1, '2026-11-23T02:30:00.002000+08:00', 'content kept', 'sha256:a78b58dac78e2de4929c2f2147c365d919b4ec8c06d32659085b60042e48a2e7', '{"archive":"28f0d85f11bfd7c49a51f8e544c3f8b61058d2ca71a58f8e2ea8d030352b0d2a","files":52,"size":344820}', '\x4e6b53e1c464ef5d7e25ce0c07bc353998c8d6754d6ce619d4738f8d8b40c319', '\xb1ecba2f0d0c6ad7587066cb0df697600e921c616ec7074e6a0c3b258d822b4c');
INSERT INTO public.evidence VALUES (2, '2026-11-23T02:30:00.004000+08:00', 'run started', '20261123T023000-7802ff', '{"bundle":"sha256:a78b58dac78e2de4929c2f2147c365d919b4ec8c06d32659085b60042e48a2e7","engine":"0.1.0","flow":"nightly"}', '\xb1ecba2f0d0c6ad7587066cb0df697600e921c616ec7074e6a0c3b258d822b4c', '\x8c042c82473a762a365121cb2aa48ec7aa4e79170dfed4b41c980ba40efebce5');
INSERT INTO public.evidence VALUES (3, '2026-11-23T02:30:00.008000+08:00', 'extracted', '320000/certificate/1', '{"files":{"rows":"6692239b4f7528301881b76d29944ab352381204588afb494d78af087cf0ff19"},"rows":10}', '\x8c042c82473a762a365121cb2aa48ec7aa4e79170dfed4b41c980ba40efebce5', '\x0d819eecdd8e4a8ba155aadf3e0df347271e8dade29c54a9a8459ccee3a2d109');
INSERT INTO public.evidence VALUES (4, '2026-11-23T02:30:00.011000+08:00', 'extracted', '320000/certificate/2', '{"files":{"rows":"72470991c064c27476fbcc9c1a275d30acad70a5d10295f38670b9f764df4969"},"rows":10}', '\x0d819eecdd8e4a8ba155aadf3e0df347271e8dade29c54a9a8459ccee3a2d109', '\x127012b3435c79c24aac2969826bcd288a805bff40cd6f088c7d2db86416f68e');
INSERT INTO public.evidence VALUES (5, '2026-11-23T02:30:00.019000+08:00', 'sealed', '320000-certificate-00000001', '{"extraction":1,"manifest":"c74c1329ff2fa179f6c3061129a41ca7af83c909b989b097f154a65f5506eee9","package":"924280d10818a7c5341fb91e3e69024500808d8303b8122dcc80fccebd87d549","records":7}', '\x127012b3435c79c24aac2969826bcd288a805bff40cd6f088c7d2db86416f68e', '\x4c7645ce71c878fbabdefbdced7431a031440c6c8f2fcf7a2879a85e3d539f6b');
INSERT INTO public.evidence VALUES (6, '2026-11-23T02:30:00.020000+08:00', 'sealed', '320000-certificate-00000002', '{"extraction":1,"manifest":"de84db13a8b2ba26ef59cbf11f29ba0ac393262f63d63aa182fc9df6f3ce0385","package":"41ea6cdc59a28fc1b45ec3054ff535f462e44e78159f2414353435e0a00ea26b","records":3}', '\x4c7645ce71c878fbabdefbdced7431a031440c6c8f2fcf7a2879a85e3d539f6b', '\xe10497b3018ee25c3dc7464d2018f2ea177037befb01a3b54380877043a032c4');
INSERT INTO public.evidence VALUES (7, '2026-11-23T02:30:00.021000+08:00', 'prepared', '320000/certificate/1', '{"counts":{"batched":10,"extracted":10},"resolved":0}', '\xe10497b3018ee25c3dc7464d2018f2ea177037befb01a3b54380877043a032c4', '\x526804ddf2fd1de8f22543396c52281534a97e06f5891ef212170785827590e2');
INSERT INTO public.evidence VALUES (8, '2026-11-23T02:30:00.028000+08:00', 'sealed', '320000-certificate-00000003', '{"extraction":2,"manifest":"d8e669a7cceff9d516fb5fd46573194c8a504d4acc3eca89f3e1fab706f5cd81","package":"184dbffafeab789fc1876b3c3550c590609b8c07cd033243b9311e0c49eab9e7","records":7}', '\x526804ddf2fd1de8f22543396c52281534a97e06f5891ef212170785827590e2', '\x45c6cb1eb5d149789c2f4ee393a48ef4abfcedb11a31c2c84906ac356b025005');
INSERT INTO public.evidence VALUES (9, '2026-11-23T02:30:00.029000+08:00', 'sealed', '320000-certificate-00000004', '{"extraction":2,"manifest":"487263c9ed4ecd1df2d4691c58ea8bb1e3ded3cba4e00f227b0cd3f263ebf4e6","package":"82ddb4145c11498ee087c9633e49754b56e03ccf098561152d91f7e775a830be","records":2}', '\x45c6cb1eb5d149789c2f4ee393a48ef4abfcedb11a31c2c84906ac356b025005', '\xec34f23627da9c33667dbebf6d6e8823627a13d1b0aaa375cd0a1e60c8a7061f');
INSERT INTO public.evidence VALUES (10, '2026-11-23T02:30:00.030000+08:00', 'prepared', '320000/certificate/2', '{"counts":{"batched":9,"dead_new":1,"extracted":10},"resolved":0}', '\xec34f23627da9c33667dbebf6d6e8823627a13d1b0aaa375cd0a1e60c8a7061f', '\x65f1928a765dddf4f8ebfe010c6ea312bf3f7da150e8ed7ff586c8a793072af3');
INSERT INTO public.evidence VALUES (11, '2026-11-23T02:30:00.033000+08:00', 'sent', '320000-certificate-00000001', '{"package":"924280d10818a7c5341fb91e3e69024500808d8303b8122dcc80fccebd87d549"}', '\x65f1928a765dddf4f8ebfe010c6ea312bf3f7da150e8ed7ff586c8a793072af3', '\x7c6ec7c82acbea4d21858265e9367ffd59e2df4b6e9b064daff38bdba303439a');
INSERT INTO public.evidence VALUES (12, '2026-11-23T02:30:00.036000+08:00', 'sent', '320000-certificate-00000002', '{"package":"41ea6cdc59a28fc1b45ec3054ff535f462e44e78159f2414353435e0a00ea26b"}', '\x7c6ec7c82acbea4d21858265e9367ffd59e2df4b6e9b064daff38bdba303439a', '\x5c249985d1db6acf86d541edf913c0882cedcb855b2943cbdfec08e7f73c5ef8');
INSERT INTO public.evidence VALUES (13, '2026-11-23T02:30:00.039000+08:00', 'receipt', '320000-certificate-00000001', '{"level":"received","number":1,"receipt":"3f006dd7523eabad72c7663a0e361e37a6ae483416448a5fddaad87b326572f8"}', '\x5c249985d1db6acf86d541edf913c0882cedcb855b2943cbdfec08e7f73c5ef8', '\xc432ca85fe65a2f12b4b11765b77c49ce0300c939041b1f683cf9f00673eab71');
INSERT INTO public.evidence VALUES (14, '2026-11-23T02:30:00.042000+08:00', 'receipt', '320000-certificate-00000001', '{"level":"validated","number":2,"receipt":"6a6719a76a8d4273a3fbc35c6a2ab8c9bba247e27b6e29fc547eb70fb8445b9c"}', '\xc432ca85fe65a2f12b4b11765b77c49ce0300c939041b1f683cf9f00673eab71', '\xdaeb2e4a466e03230df5c7f9d792cbdd5036be3376c06dfd27b19d40a3c79460');
INSERT INTO public.evidence VALUES (15, '2026-11-23T02:30:00.047000+08:00', 'receipt', '320000-certificate-00000001', '{"level":"loaded","number":3,"receipt":"eae36fefca2f9b02096727a8a5380e42fe7a7e0c729d2be72cee79f2799abf3e"}', '\xdaeb2e4a466e03230df5c7f9d792cbdd5036be3376c06dfd27b19d40a3c79460', '\x22e79e162aca6e52c3f647d7d992f1a4e71fbbe365a9363595c3a81ee5c26f27');
INSERT INTO public.evidence VALUES (16, '2026-11-23T02:30:00.050000+08:00', 'receipt', '320000-certificate-00000002', '{"level":"received","number":4,"receipt":"83e34bccb3840444b7184b0f97162a245912a87279c03f988d72672af36dcac7"}', '\x22e79e162aca6e52c3f647d7d992f1a4e71fbbe365a9363595c3a81ee5c26f27', '\x6c9b991113392d93015b72017b89559ac125e563d00726bc1053762429805193');
INSERT INTO public.evidence VALUES (17, '2026-11-23T02:30:00.053000+08:00', 'receipt', '320000-certificate-00000002', '{"level":"validated","number":5,"receipt":"daf1e547de7082ac2c192664f677c25fda9fffc05a2dc89c002fb860de526402"}', '\x6c9b991113392d93015b72017b89559ac125e563d00726bc1053762429805193', '\xad6a740b14a7f62ca0285201e58c759fa4c6bc5ffc941a414becfe18ebe6b2a4');
INSERT INTO public.evidence VALUES (18, '2026-11-23T02:30:00.058000+08:00', 'receipt', '320000-certificate-00000002', '{"level":"loaded","number":6,"receipt":"c4a42c9e2502db6a085e91a323c650407d74a0094d841c4ca6940346c232e759"}', '\xad6a740b14a7f62ca0285201e58c759fa4c6bc5ffc941a414becfe18ebe6b2a4', '\x51cd491cad888e7f03d239aa40cbf7152ed964c1c68618d1ec8696f05f886dac');
INSERT INTO public.evidence VALUES (19, '2026-11-23T02:30:00.062000+08:00', 'sent', '320000-certificate-00000003', '{"package":"184dbffafeab789fc1876b3c3550c590609b8c07cd033243b9311e0c49eab9e7"}', '\x51cd491cad888e7f03d239aa40cbf7152ed964c1c68618d1ec8696f05f886dac', '\x91c25ec9e3afd9c44f6685124bcea0260babf601b47ba7c284649c90b1cc71fd');
INSERT INTO public.evidence VALUES (20, '2026-11-23T02:30:00.065000+08:00', 'sent', '320000-certificate-00000004', '{"package":"82ddb4145c11498ee087c9633e49754b56e03ccf098561152d91f7e775a830be"}', '\x91c25ec9e3afd9c44f6685124bcea0260babf601b47ba7c284649c90b1cc71fd', '\x04950c6113ecf9d5fb96ef94ad8763dcf7f500685a3a1936741375b80d7fb103');
INSERT INTO public.evidence VALUES (21, '2026-11-23T02:30:00.068000+08:00', 'receipt', '320000-certificate-00000003', '{"level":"received","number":7,"receipt":"baf89df9f581b0ab0a6a6dcd156cfdcccd053e2f128e1c6a19400b0a98478391"}', '\x04950c6113ecf9d5fb96ef94ad8763dcf7f500685a3a1936741375b80d7fb103', '\x280b3377ff400378307e5f876ca1fb18a08656aa4e27960868e3b2223cc6e93c');
INSERT INTO public.evidence VALUES (22, '2026-11-23T02:30:00.071000+08:00', 'receipt', '320000-certificate-00000003', '{"level":"validated","number":8,"receipt":"b875bd033d015a17bd79b9c78ea4a46326af9943e84c74a5a094cedb8cfddd30"}', '\x280b3377ff400378307e5f876ca1fb18a08656aa4e27960868e3b2223cc6e93c', '\xc3fe27a4f4ff87018b0e0d424364e5f2f133c8523010a902affb8ed65add9674');
INSERT INTO public.evidence VALUES (23, '2026-11-23T02:30:00.076000+08:00', 'receipt', '320000-certificate-00000003', '{"level":"loaded","number":9,"receipt":"c14eccdd396f7f6e7b00e8494b0680c291e62e27bc0a2a25da516a48a56e26ac"}', '\xc3fe27a4f4ff87018b0e0d424364e5f2f133c8523010a902affb8ed65add9674', '\x08137711360d0878c43c6cbda43a0126d8c30fc4fa520722c23dffb775df4bbe');
INSERT INTO public.evidence VALUES (24, '2026-11-23T02:30:00.079000+08:00', 'receipt', '320000-certificate-00000004', '{"level":"received","number":10,"receipt":"a80b1b8fdde2456a89278fa53804bab40e3d6b6bf87e4fac0db074a09c4a838f"}', '\x08137711360d0878c43c6cbda43a0126d8c30fc4fa520722c23dffb775df4bbe', '\xeed96c11c4e77bc549731eeaa5023690bde7ba7cfbd347fc48fc479079f1d795');
INSERT INTO public.evidence VALUES (25, '2026-11-23T02:30:00.082000+08:00', 'receipt', '320000-certificate-00000004', '{"level":"validated","number":11,"receipt":"c55efab16cc57c1c1e76d2b8b632ad8242627c9087b8fee4535e87e1006bcdaa"}', '\xeed96c11c4e77bc549731eeaa5023690bde7ba7cfbd347fc48fc479079f1d795', '\xfff553c010e6b3d5ce41b68fd3be6bf73c440e829fc2038d42627c207407826f');
INSERT INTO public.evidence VALUES (26, '2026-11-23T02:30:00.087000+08:00', 'receipt', '320000-certificate-00000004', '{"level":"loaded","number":12,"receipt":"c97dc5afcd40b81bcc6681235ac0b3653156c8a5bb03ba99b0043acefb7f7726"}', '\xfff553c010e6b3d5ce41b68fd3be6bf73c440e829fc2038d42627c207407826f', '\x1104a975f29c4a829bd2688d31e98f833c0c6af16cf7268b1cb178bb373ecbda');
INSERT INTO public.evidence VALUES (27, '2026-11-23T02:30:00.089000+08:00', 'run closed', '20261123T023000-7802ff', '{"counts":{"batched":19,"dead_new":1,"extracted":20,"loaded":19,"sent":19},"state":"done"}', '\x1104a975f29c4a829bd2688d31e98f833c0c6af16cf7268b1cb178bb373ecbda', '\xff2d694d4b1e049a94e0e7eebdac0b4fd51478748a64a7ef740307333d00cf66');
INSERT INTO public.evidence VALUES (28, '2026-11-24T02:30:00.091000+08:00', 'run started', '20261124T023000-051551', '{"bundle":"sha256:a78b58dac78e2de4929c2f2147c365d919b4ec8c06d32659085b60042e48a2e7","engine":"0.1.0","flow":"nightly"}', '\xff2d694d4b1e049a94e0e7eebdac0b4fd51478748a64a7ef740307333d00cf66', '\x2ab069a4b5a607a6398d0f8bf5327865f3f3c6230903c0d7b449d634c4355d1c');
INSERT INTO public.evidence VALUES (29, '2026-11-24T02:30:00.095000+08:00', 'extracted', '320000/certificate/3', '{"files":{"rows":"08bb72acbf19765e77bd29b2026f634213a3f618dce18d9b1b82e405fb18937b"},"rows":10}', '\x2ab069a4b5a607a6398d0f8bf5327865f3f3c6230903c0d7b449d634c4355d1c', '\xb1dcc814ef029697d52d2214689f803025de7a0ff10ec4d6ae0af3ef9a561302');
INSERT INTO public.evidence VALUES (30, '2026-11-24T02:30:00.098000+08:00', 'prepared', '320000/certificate/3', '{"counts":{"extracted":10,"unchanged":10},"resolved":0}', '\xb1dcc814ef029697d52d2214689f803025de7a0ff10ec4d6ae0af3ef9a561302', '\xebcfde69ad03a4f753feaacec851db60bfe8371fe5083ca4c3bee91347b5c28d');
INSERT INTO public.evidence VALUES (31, '2026-11-24T02:30:00.100000+08:00', 'extracted', '320000/certificate/4', '{"files":{"rows":"05c7880d6c0c32ff54e8078193dcbfc16402404808ce2019960a8386c2eb2e44"},"rows":10}', '\xebcfde69ad03a4f753feaacec851db60bfe8371fe5083ca4c3bee91347b5c28d', '\x8fc24984cc39d8e8863d609c1131c89273276acf88f4ed75dabf149975e2ef9a');
INSERT INTO public.evidence VALUES (32, '2026-11-24T02:30:00.105000+08:00', 'sealed', '320000-certificate-00000005', '{"extraction":4,"manifest":"5d4c69eb8eab7019f9cfc99da0a988fdb6ad62c1ec936826d61f88c846c78680","package":"3b5475ba1b9436257e015310396f84303e3678c3b23a348f8ea608940dca7ceb","records":3}', '\x8fc24984cc39d8e8863d609c1131c89273276acf88f4ed75dabf149975e2ef9a', '\x7d40f739ae20ada42eee6cea62dde47e6d3d94627c2960fe02d007a92950defe');
INSERT INTO public.evidence VALUES (33, '2026-11-24T02:30:00.106000+08:00', 'prepared', '320000/certificate/4', '{"counts":{"batched":3,"extracted":10,"flagged":3,"unchanged":7},"resolved":1}', '\x7d40f739ae20ada42eee6cea62dde47e6d3d94627c2960fe02d007a92950defe', '\xef331daa43df4adb1e969c2b0961bcc14d4f7a4e1a3b3d22029a4966d29b05db');
INSERT INTO public.evidence VALUES (34, '2026-11-24T02:30:00.110000+08:00', 'sent', '320000-certificate-00000005', '{"package":"3b5475ba1b9436257e015310396f84303e3678c3b23a348f8ea608940dca7ceb"}', '\xef331daa43df4adb1e969c2b0961bcc14d4f7a4e1a3b3d22029a4966d29b05db', '\xe33cc6bd3e041301cb8c8af6c3dedd22cd3c2fbcb043b8548bcd812eaa3871c9');
INSERT INTO public.evidence VALUES (35, '2026-11-24T02:30:00.113000+08:00', 'receipt', '320000-certificate-00000005', '{"level":"received","number":13,"receipt":"f19644ceed283f645e0ee84fb17a6c49c63ee5f0e68ac5fb7c7ba61f47e22f43"}', '\xe33cc6bd3e041301cb8c8af6c3dedd22cd3c2fbcb043b8548bcd812eaa3871c9', '\x4e06870984c989f5dbaa230baa797885577e350dbe22d761ad90cbacd819aaa5');
INSERT INTO public.evidence VALUES (36, '2026-11-24T02:30:00.116000+08:00', 'receipt', '320000-certificate-00000005', '{"level":"validated","number":14,"receipt":"a1dac583d9b6d9ac9e0bcb535153d00609366056185648fd5043164ceb9fc077"}', '\x4e06870984c989f5dbaa230baa797885577e350dbe22d761ad90cbacd819aaa5', '\x95b5c0d22a80804330843bda43a21b9066916d7fd6be0ba335e0aad706ece23d');
INSERT INTO public.evidence VALUES (37, '2026-11-24T02:30:00.121000+08:00', 'receipt', '320000-certificate-00000005', '{"level":"loaded","number":15,"receipt":"cd58ef5a5ddeec882f062ea6597fca17168516d94c363599c51db1701bfa48b4"}', '\x95b5c0d22a80804330843bda43a21b9066916d7fd6be0ba335e0aad706ece23d', '\x444e584883ead066d2d544afad4d2c72d83e61787aa7c1e7a18e079474e0d592');
INSERT INTO public.evidence VALUES (38, '2026-11-24T02:30:00.124000+08:00', 'run closed', '20261124T023000-051551', '{"counts":{"batched":3,"extracted":20,"flagged":3,"loaded":3,"sent":3,"unchanged":17},"state":"done"}', '\x444e584883ead066d2d544afad4d2c72d83e61787aa7c1e7a18e079474e0d592', '\x1f46324972c7753d4cbdbd75e3151a6e703b466de26df779160a39a078b47513');
INSERT INTO public.evidence VALUES (39, '2026-11-25T02:30:00.126000+08:00', 'run started', '20261125T023000-858b56', '{"bundle":"sha256:a78b58dac78e2de4929c2f2147c365d919b4ec8c06d32659085b60042e48a2e7","engine":"0.1.0","flow":"nightly"}', '\x1f46324972c7753d4cbdbd75e3151a6e703b466de26df779160a39a078b47513', '\xb43dc89dfade7325acc08ddbbaefc2ead947dc0d1e43846a3a3b8b9e0b6d43cc');
INSERT INTO public.evidence VALUES (40, '2026-11-25T02:30:00.130000+08:00', 'extracted', '320000/certificate/5', '{"files":{"rows":"2f964a9f95b7a724dbd03ffc50413614ce05a17e2352e4ca8d09a4f2d7bf043b"},"rows":8}', '\xb43dc89dfade7325acc08ddbbaefc2ead947dc0d1e43846a3a3b8b9e0b6d43cc', '\xe13461e26606e58b6b931e696b9531663880fa92a87b22141be9b13a787c1e7a');
INSERT INTO public.evidence VALUES (41, '2026-11-25T02:30:00.134000+08:00', 'sealed', '320000-certificate-00000006', '{"extraction":5,"manifest":"ddb22d90bac5e1ef4830f407fdd36c396c40e4ec8b8713b708c3f34f3cf205e0","package":"0908d02f85297e2cc4fe3c77cc3043e2ddb41bb4d8257ca03781ccc752873e96","records":5}', '\xe13461e26606e58b6b931e696b9531663880fa92a87b22141be9b13a787c1e7a', '\x0c4a1e16364e57e82032e70de757bfb0f9e06df87570fa10ac847f2e82a5bef4');
INSERT INTO public.evidence VALUES (42, '2026-11-25T02:30:00.135000+08:00', 'prepared', '320000/certificate/5', '{"counts":{"batched":5,"extracted":8,"unchanged":3},"resolved":0}', '\x0c4a1e16364e57e82032e70de757bfb0f9e06df87570fa10ac847f2e82a5bef4', '\x71aedf7c9cc4092beb20d05496e572d6928726bda090e486facd8cb2e0c35b5d');
INSERT INTO public.evidence VALUES (43, '2026-11-25T02:30:00.144000+08:00', 'run closed', '20261125T023000-858b56', '{"counts":{"batched":5,"extracted":8,"unchanged":3},"state":"failed"}', '\x71aedf7c9cc4092beb20d05496e572d6928726bda090e486facd8cb2e0c35b5d', '\x76eb71b66350c8612c1fdcf40bff0b25a311ab723bccd2cf8b154368a3a2a19c');
INSERT INTO public.evidence VALUES (44, '2026-11-26T02:30:00.146000+08:00', 'run started', '20261126T023000-3c1c4f', '{"bundle":"sha256:a78b58dac78e2de4929c2f2147c365d919b4ec8c06d32659085b60042e48a2e7","engine":"0.1.0","flow":"nightly"}', '\x76eb71b66350c8612c1fdcf40bff0b25a311ab723bccd2cf8b154368a3a2a19c', '\xee29949c4848ed321e9a6e07866baf6d399d78b544f9649ff7f118ef19f4d29b');
INSERT INTO public.evidence VALUES (45, '2026-11-26T02:30:00.154000+08:00', 'extracted', '320000/certificate/6', '{"files":{"rows":"941702ee9d4d20b092a93dae51950dd880f016e7cd1528075c530399ed0bb5a3"},"rows":8}', '\xee29949c4848ed321e9a6e07866baf6d399d78b544f9649ff7f118ef19f4d29b', '\x176a7e4b8c436b27b4ec5ef7cfc6070ab4490b597198b5772af25c7e5d501734');
INSERT INTO public.evidence VALUES (46, '2026-11-26T02:30:00.160000+08:00', 'run closed', '20261126T023000-3c1c4f', '{"counts":{"extracted":8},"state":"failed"}', '\x176a7e4b8c436b27b4ec5ef7cfc6070ab4490b597198b5772af25c7e5d501734', '\xd71dece03ce794e86adfefd9a45c46570d4144762cc813443bf4e9047769ceed');
INSERT INTO public.extraction VALUES (1, 1, '20261123T023000-7802ff', 10, 'zs', '{"rows": ["extractions/320000/certificate/20261123T023000-7802ff-1-000001.rows.arrow", "6692239b4f7528301881b76d29944ab352381204588afb494d78af087cf0ff19", 2961]}', '{"changed_at":"2026-11-20 08:00:00","key":["10"]}', 'processed', '2026-11-23T02:30:00.007000+08:00', 'source', NULL);
INSERT INTO public.extraction VALUES (2, 1, '20261123T023000-7802ff', 10, 'zs', '{"rows": ["extractions/320000/certificate/20261123T023000-7802ff-1-000002.rows.arrow", "72470991c064c27476fbcc9c1a275d30acad70a5d10295f38670b9f764df4969", 3025]}', '{"changed_at":"2026-11-20 08:00:00","key":["20"]}', 'processed', '2026-11-23T02:30:00.010000+08:00', 'source', NULL);
INSERT INTO public.extraction VALUES (3, 1, '20261124T023000-051551', 10, 'zs', '{"rows": ["extractions/320000/certificate/20261124T023000-051551-2-000001.rows.arrow", "08bb72acbf19765e77bd29b2026f634213a3f618dce18d9b1b82e405fb18937b", 2961]}', '{"changed_at":"2026-11-20 08:00:00","key":["12"]}', 'processed', '2026-11-24T02:30:00.094000+08:00', 'source', NULL);
INSERT INTO public.extraction VALUES (4, 1, '20261124T023000-051551', 10, 'zs', '{"rows": ["extractions/320000/certificate/20261124T023000-051551-2-000002.rows.arrow", "05c7880d6c0c32ff54e8078193dcbfc16402404808ce2019960a8386c2eb2e44", 3089]}', '{"changed_at":"2026-11-21 08:00:00","key":["20"]}', 'processed', '2026-11-24T02:30:00.099000+08:00', 'source', NULL);
INSERT INTO public.extraction VALUES (5, 1, '20261125T023000-858b56', 8, 'zs', '{"rows": ["extractions/320000/certificate/20261125T023000-858b56-3-000001.rows.arrow", "2f964a9f95b7a724dbd03ffc50413614ce05a17e2352e4ca8d09a4f2d7bf043b", 3089]}', '{"changed_at":"2026-11-22 08:00:00","key":["25"]}', 'processed', '2026-11-25T02:30:00.129000+08:00', 'source', NULL);
INSERT INTO public.extraction VALUES (6, 1, '20261126T023000-3c1c4f', 8, 'zs', '{"rows": ["extractions/320000/certificate/20261126T023000-3c1c4f-4-000001.rows.arrow", "941702ee9d4d20b092a93dae51950dd880f016e7cd1528075c530399ed0bb5a3", 3025]}', '{"changed_at":"2026-11-22 09:00:00","key":["28"]}', 'stored', '2026-11-26T02:30:00.153000+08:00', 'source', NULL);
INSERT INTO public.finding VALUES (1, 1, '(苏)XK06-001-00001', 5, 'CERT-006', 'status,status_cause,closing_date', '证书已撤销、注销、吊销或撤回，但没有填写状态原因或终止日期');
INSERT INTO public.finding VALUES (2, 1, '(苏)XK06-001-00002', 5, 'CERT-006', 'status,status_cause,closing_date', '证书已撤销、注销、吊销或撤回，但没有填写状态原因或终止日期');
INSERT INTO public.finding VALUES (3, 1, '(苏)XK06-001-00020', 5, 'CERT-006', 'status,status_cause,closing_date', '证书已撤销、注销、吊销或撤回，但没有填写状态原因或终止日期');
INSERT INTO public.lane VALUES (1, '320000', 'certificate', 7, '\xddb22d90bac5e1ef4830f407fdd36c396c40e4ec8b8713b708c3f34f3cf205e0', '{"changed_at":"2026-11-22 09:00:00","key":["28"]}', 4, NULL, NULL, NULL);
INSERT INTO public.receipt VALUES (1, '320000-certificate-00000001', '320000', 'received', 'HQ0000000001', 1, '2026-11-27T05:05:58+08:00', '320000-certificate-00000001.received.zip', '\x3f006dd7523eabad72c7663a0e361e37a6ae483416448a5fddaad87b326572f8', 'receipts/320000/3f006dd7523eabad72c7663a0e361e37a6ae483416448a5fddaad87b326572f8.zip', 'accepted', NULL, '2026-11-23T02:30:00.038000+08:00');
INSERT INTO public.receipt VALUES (2, '320000-certificate-00000001', '320000', 'validated', 'HQ0000000002', 2, '2026-11-27T05:05:58+08:00', '320000-certificate-00000001.validated.zip', '\x6a6719a76a8d4273a3fbc35c6a2ab8c9bba247e27b6e29fc547eb70fb8445b9c', 'receipts/320000/6a6719a76a8d4273a3fbc35c6a2ab8c9bba247e27b6e29fc547eb70fb8445b9c.zip', 'accepted', NULL, '2026-11-23T02:30:00.041000+08:00');
INSERT INTO public.receipt VALUES (3, '320000-certificate-00000001', '320000', 'loaded', 'HQ0000000003', 3, '2026-11-27T05:05:58+08:00', '320000-certificate-00000001.loaded.zip', '\xeae36fefca2f9b02096727a8a5380e42fe7a7e0c729d2be72cee79f2799abf3e', 'receipts/320000/eae36fefca2f9b02096727a8a5380e42fe7a7e0c729d2be72cee79f2799abf3e.zip', 'accepted', NULL, '2026-11-23T02:30:00.044000+08:00');
INSERT INTO public.receipt VALUES (4, '320000-certificate-00000002', '320000', 'received', 'HQ0000000004', 4, '2026-11-27T05:05:58+08:00', '320000-certificate-00000002.received.zip', '\x83e34bccb3840444b7184b0f97162a245912a87279c03f988d72672af36dcac7', 'receipts/320000/83e34bccb3840444b7184b0f97162a245912a87279c03f988d72672af36dcac7.zip', 'accepted', NULL, '2026-11-23T02:30:00.049000+08:00');
INSERT INTO public.receipt VALUES (5, '320000-certificate-00000002', '320000', 'validated', 'HQ0000000005', 5, '2026-11-27T05:05:58+08:00', '320000-certificate-00000002.validated.zip', '\xdaf1e547de7082ac2c192664f677c25fda9fffc05a2dc89c002fb860de526402', 'receipts/320000/daf1e547de7082ac2c192664f677c25fda9fffc05a2dc89c002fb860de526402.zip', 'accepted', NULL, '2026-11-23T02:30:00.052000+08:00');
INSERT INTO public.receipt VALUES (6, '320000-certificate-00000002', '320000', 'loaded', 'HQ0000000006', 6, '2026-11-27T05:05:58+08:00', '320000-certificate-00000002.loaded.zip', '\xc4a42c9e2502db6a085e91a323c650407d74a0094d841c4ca6940346c232e759', 'receipts/320000/c4a42c9e2502db6a085e91a323c650407d74a0094d841c4ca6940346c232e759.zip', 'accepted', NULL, '2026-11-23T02:30:00.055000+08:00');
INSERT INTO public.receipt VALUES (7, '320000-certificate-00000003', '320000', 'received', 'HQ0000000007', 7, '2026-11-27T05:05:58+08:00', '320000-certificate-00000003.received.zip', '\xbaf89df9f581b0ab0a6a6dcd156cfdcccd053e2f128e1c6a19400b0a98478391', 'receipts/320000/baf89df9f581b0ab0a6a6dcd156cfdcccd053e2f128e1c6a19400b0a98478391.zip', 'accepted', NULL, '2026-11-23T02:30:00.067000+08:00');
INSERT INTO public.receipt VALUES (8, '320000-certificate-00000003', '320000', 'validated', 'HQ0000000008', 8, '2026-11-27T05:05:58+08:00', '320000-certificate-00000003.validated.zip', '\xb875bd033d015a17bd79b9c78ea4a46326af9943e84c74a5a094cedb8cfddd30', 'receipts/320000/b875bd033d015a17bd79b9c78ea4a46326af9943e84c74a5a094cedb8cfddd30.zip', 'accepted', NULL, '2026-11-23T02:30:00.070000+08:00');
INSERT INTO public.receipt VALUES (9, '320000-certificate-00000003', '320000', 'loaded', 'HQ0000000009', 9, '2026-11-27T05:05:58+08:00', '320000-certificate-00000003.loaded.zip', '\xc14eccdd396f7f6e7b00e8494b0680c291e62e27bc0a2a25da516a48a56e26ac', 'receipts/320000/c14eccdd396f7f6e7b00e8494b0680c291e62e27bc0a2a25da516a48a56e26ac.zip', 'accepted', NULL, '2026-11-23T02:30:00.073000+08:00');
INSERT INTO public.receipt VALUES (10, '320000-certificate-00000004', '320000', 'received', 'HQ0000000010', 10, '2026-11-27T05:05:58+08:00', '320000-certificate-00000004.received.zip', '\xa80b1b8fdde2456a89278fa53804bab40e3d6b6bf87e4fac0db074a09c4a838f', 'receipts/320000/a80b1b8fdde2456a89278fa53804bab40e3d6b6bf87e4fac0db074a09c4a838f.zip', 'accepted', NULL, '2026-11-23T02:30:00.078000+08:00');
INSERT INTO public.receipt VALUES (11, '320000-certificate-00000004', '320000', 'validated', 'HQ0000000011', 11, '2026-11-27T05:05:58+08:00', '320000-certificate-00000004.validated.zip', '\xc55efab16cc57c1c1e76d2b8b632ad8242627c9087b8fee4535e87e1006bcdaa', 'receipts/320000/c55efab16cc57c1c1e76d2b8b632ad8242627c9087b8fee4535e87e1006bcdaa.zip', 'accepted', NULL, '2026-11-23T02:30:00.081000+08:00');
INSERT INTO public.receipt VALUES (12, '320000-certificate-00000004', '320000', 'loaded', 'HQ0000000012', 12, '2026-11-27T05:05:58+08:00', '320000-certificate-00000004.loaded.zip', '\xc97dc5afcd40b81bcc6681235ac0b3653156c8a5bb03ba99b0043acefb7f7726', 'receipts/320000/c97dc5afcd40b81bcc6681235ac0b3653156c8a5bb03ba99b0043acefb7f7726.zip', 'accepted', NULL, '2026-11-23T02:30:00.084000+08:00');
INSERT INTO public.receipt VALUES (13, '320000-certificate-00000005', '320000', 'received', 'HQ0000000013', 13, '2026-11-27T05:05:59+08:00', '320000-certificate-00000005.received.zip', '\xf19644ceed283f645e0ee84fb17a6c49c63ee5f0e68ac5fb7c7ba61f47e22f43', 'receipts/320000/f19644ceed283f645e0ee84fb17a6c49c63ee5f0e68ac5fb7c7ba61f47e22f43.zip', 'accepted', NULL, '2026-11-24T02:30:00.112000+08:00');
INSERT INTO public.receipt VALUES (14, '320000-certificate-00000005', '320000', 'validated', 'HQ0000000014', 14, '2026-11-27T05:05:59+08:00', '320000-certificate-00000005.validated.zip', '\xa1dac583d9b6d9ac9e0bcb535153d00609366056185648fd5043164ceb9fc077', 'receipts/320000/a1dac583d9b6d9ac9e0bcb535153d00609366056185648fd5043164ceb9fc077.zip', 'accepted', NULL, '2026-11-24T02:30:00.115000+08:00');
INSERT INTO public.receipt VALUES (15, '320000-certificate-00000005', '320000', 'loaded', 'HQ0000000015', 15, '2026-11-27T05:05:59+08:00', '320000-certificate-00000005.loaded.zip', '\xcd58ef5a5ddeec882f062ea6597fca17168516d94c363599c51db1701bfa48b4', 'receipts/320000/cd58ef5a5ddeec882f062ea6597fca17168516d94c363599c51db1701bfa48b4.zip', 'accepted', NULL, '2026-11-24T02:30:00.118000+08:00');
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
INSERT INTO public.run VALUES ('20261123T023000-7802ff', 'nightly', '2026-11-23T02:30:00.003000+08:00', '2026-11-23T02:30:00.088000+08:00', 'done', 'sha256:a78b58dac78e2de4929c2f2147c365d919b4ec8c06d32659085b60042e48a2e7', '0.1.0', NULL, 'vm:43c8bc56-8571-4ce9-813a-73c7e8987518.4026531836:430:427560:adcc17d2');
INSERT INTO public.run VALUES ('20261124T023000-051551', 'nightly', '2026-11-24T02:30:00.090000+08:00', '2026-11-24T02:30:00.123000+08:00', 'done', 'sha256:a78b58dac78e2de4929c2f2147c365d919b4ec8c06d32659085b60042e48a2e7', '0.1.0', NULL, 'vm:43c8bc56-8571-4ce9-813a-73c7e8987518.4026531836:430:427560:a89aaab3');
INSERT INTO public.run VALUES ('20261125T023000-858b56', 'nightly', '2026-11-25T02:30:00.125000+08:00', '2026-11-25T02:30:00.143000+08:00', 'failed', 'sha256:a78b58dac78e2de4929c2f2147c365d919b4ec8c06d32659085b60042e48a2e7', '0.1.0', '320000 certificate', 'vm:43c8bc56-8571-4ce9-813a-73c7e8987518.4026531836:430:427560:a3c98a77');
INSERT INTO public.run VALUES ('20261126T023000-3c1c4f', 'nightly', '2026-11-26T02:30:00.145000+08:00', '2026-11-26T02:30:00.159000+08:00', 'failed', 'sha256:a78b58dac78e2de4929c2f2147c365d919b4ec8c06d32659085b60042e48a2e7', '0.1.0', '320000 certificate', 'vm:43c8bc56-8571-4ce9-813a-73c7e8987518.4026531836:430:427560:a6c07ff3');
INSERT INTO public.run_count VALUES ('20261126T023000-3c1c4f', 1, 8, 0, 0, 0, 0, 0, 0, 0, 0, 0, '{"collect": "ended by a defect (KeyboardInterrupt); the log has the rest"}');
INSERT INTO public.run_count VALUES ('20261123T023000-7802ff', 1, 20, 0, 0, 19, 1, 0, 0, 19, 19, 0, NULL);
INSERT INTO public.run_count VALUES ('20261124T023000-051551', 1, 20, 17, 0, 3, 0, 0, 3, 3, 3, 0, NULL);
INSERT INTO public.run_count VALUES ('20261125T023000-858b56', 1, 8, 3, 0, 5, 0, 0, 0, 0, 0, 0, '{"deliver": "ECQS-5001 127.0.0.1:37103: headquarters cannot be reached (Connection refused) Next: it is tried again; if it stays so, check host, port and firewall"}');
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
