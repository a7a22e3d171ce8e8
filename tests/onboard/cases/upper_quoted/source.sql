-- dialect: postgresql
-- Upper-case quoted names of a front-end database, foreign keys, upload columns.
CREATE TABLE "SCXK_ZSXXB" ("ROWGUID" varchar(36) PRIMARY KEY, "DFSJZJ" varchar(36), "XZQHDM" varchar(6), "ZSBH" varchar(40), "CZRMC" varchar(200), "CZRTYSHXYDM" varchar(18), "ZSDZ" varchar(300),
 "FZJGMC" varchar(200), "FZJGDM" varchar(18), "FZRQ" date, "YXQXQS" date, "YXQXZ" date, "ZSZT" varchar(2), "DZZZBS" varchar(100), "SJYXBS" int, "SJWXYY" text, "SJSCZT" int, "SBYY" text, "SYNC" int, "CJSJ" timestamp, "XGSJ" timestamp NOT NULL);
CREATE TABLE "SCXK_CPMXB" ("ROWGUID" varchar(36) PRIMARY KEY, "ZSGUID" varchar(36) REFERENCES "SCXK_ZSXXB"("ROWGUID"), "CPLBDM" varchar(10), "CPMC" varchar(200), "CPDYMC" varchar(200), "GGXH" varchar(200));
COMMENT ON COLUMN "SCXK_ZSXXB"."CZRMC" IS '持证人名称';
COMMENT ON COLUMN "SCXK_ZSXXB"."ZSZT" IS '证书状态 01=有效;04=注销;07=吊销';
COMMENT ON COLUMN "SCXK_ZSXXB"."YXQXQS" IS '有效期限起始';
CREATE INDEX ON "SCXK_ZSXXB" ("XGSJ");
INSERT INTO "SCXK_ZSXXB" VALUES ('g1', 'd1', '350200', '(闽)XK05-001-00001', '厦门青石水泥有限公司', '91350200Y00035016A', '福建省厦门市样例区虚构路1号', '福建省市场监督管理局', '11350000Y0000245XD', '2021-06-08', '2021-06-08', '2026-06-07', '04', NULL, 1, NULL, 0, NULL, 0, '2026-01-01 10:00:00', '2026-05-01 10:00:00');
INSERT INTO "SCXK_ZSXXB" VALUES ('g2', 'd2', '350500', '(闽)XK03-002-00002', '泉州白鹭化肥有限公司', '91350500Y00035024L', '福建省泉州市样例区虚构路2号', '福建省市场监督管理局', '11350000Y0000245XD', '2022-11-15', '2022-11-15', '2027-11-14', '07', NULL, 1, NULL, 0, NULL, 0, '2026-01-02 10:00:00', '2026-05-02 10:00:00');
INSERT INTO "SCXK_ZSXXB" VALUES ('g3', 'd3', '350100', '(闽)XK13-001-00003', '福州云岭钢筋有限公司', '91350100Y00035032T', '福建省福州市样例区虚构路3号', '福建省市场监督管理局', '11350000Y0000245XD', '2023-04-22', '2023-04-22', '2028-04-21', '01', NULL, 1, NULL, 0, NULL, 0, '2026-01-03 10:00:00', '2026-05-03 10:00:00');
INSERT INTO "SCXK_ZSXXB" VALUES ('g4', 'd4', '350200', '(闽)XK02-001-00004', '厦门清泉塑料有限公司', '91350200Y00035040T', '福建省厦门市样例区虚构路4号', '福建省市场监督管理局', '11350000Y0000245XD', '2024-09-02', '2024-09-02', '2029-09-01', '04', NULL, 1, NULL, 0, NULL, 0, '2026-01-04 10:00:00', '2026-05-04 10:00:00');
INSERT INTO "SCXK_ZSXXB" VALUES ('g5', 'd5', '350500', '(闽)XK08-001-00005', '泉州长风安全帽有限公司', '91350500Y000350597', '福建省泉州市样例区虚构路5号', '福建省市场监督管理局', '11350000Y0000245XD', '2020-02-09', '2020-02-09', '2025-02-08', '07', NULL, 1, NULL, 0, NULL, 0, '2026-01-05 10:00:00', '2026-05-05 10:00:00');
INSERT INTO "SCXK_ZSXXB" VALUES ('g6', 'd6', '350100', '(闽)XK16-204-00006', '福州北斗线缆有限公司', '91350100Y00035067D', '福建省福州市样例区虚构路6号', '福建省市场监督管理局', '11350000Y0000245XD', '2021-07-16', '2021-07-16', '2026-07-15', '01', NULL, 1, NULL, 0, NULL, 0, '2026-01-06 10:00:00', '2026-05-06 10:00:00');
INSERT INTO "SCXK_ZSXXB" VALUES ('g7', 'd7', '350200', '(闽)XK06-001-00007', '厦门南园人造板有限公司', '91350200Y00035075D', '福建省厦门市样例区虚构路7号', '福建省市场监督管理局', '11350000Y0000245XD', '2022-12-23', '2022-12-23', '2027-12-22', '04', NULL, 1, NULL, 0, NULL, 0, '2026-01-07 10:00:00', '2026-05-07 10:00:00');
INSERT INTO "SCXK_ZSXXB" VALUES ('g8', 'd8', '350500', '(闽)XK05-001-00008', '泉州东湖包装有限公司', '91350500Y00035083P', '福建省泉州市样例区虚构路8号', '福建省市场监督管理局', '11350000Y0000245XD', '2023-05-03', '2023-05-03', '2028-05-02', '07', NULL, 1, NULL, 0, NULL, 0, '2026-01-08 10:00:00', '2026-05-08 10:00:00');
INSERT INTO "SCXK_CPMXB" VALUES ('c10', 'g1', 'XK05-001', '建筑用钢筋', '热轧带肋钢筋', NULL);
INSERT INTO "SCXK_CPMXB" VALUES ('c11', 'g1', 'XK05-001', '建筑用钢筋', '热轧带肋钢筋', NULL);
INSERT INTO "SCXK_CPMXB" VALUES ('c20', 'g2', 'XK03-002', '人造板', '胶合板', NULL);
INSERT INTO "SCXK_CPMXB" VALUES ('c21', 'g2', 'XK03-002', '人造板', '胶合板', NULL);
INSERT INTO "SCXK_CPMXB" VALUES ('c30', 'g3', 'XK13-001', '化肥', '复合肥料', NULL);
INSERT INTO "SCXK_CPMXB" VALUES ('c31', 'g3', 'XK13-001', '化肥', '复合肥料', NULL);
INSERT INTO "SCXK_CPMXB" VALUES ('c40', 'g4', 'XK02-001', '安全帽', '塑料安全帽', NULL);
INSERT INTO "SCXK_CPMXB" VALUES ('c41', 'g4', 'XK02-001', '安全帽', '塑料安全帽', NULL);
INSERT INTO "SCXK_CPMXB" VALUES ('c50', 'g5', 'XK08-001', '水泥', '通用水泥', NULL);
INSERT INTO "SCXK_CPMXB" VALUES ('c51', 'g5', 'XK08-001', '水泥', '通用水泥', NULL);
INSERT INTO "SCXK_CPMXB" VALUES ('c60', 'g6', 'XK16-204', '食品用塑料包装容器工具等制品', '塑料袋', NULL);
INSERT INTO "SCXK_CPMXB" VALUES ('c61', 'g6', 'XK16-204', '食品用塑料包装容器工具等制品', '塑料袋', NULL);
INSERT INTO "SCXK_CPMXB" VALUES ('c70', 'g7', 'XK06-001', '电线电缆', '架空绞线', NULL);
INSERT INTO "SCXK_CPMXB" VALUES ('c71', 'g7', 'XK06-001', '电线电缆', '架空绞线', NULL);
INSERT INTO "SCXK_CPMXB" VALUES ('c80', 'g8', 'XK05-001', '建筑用钢筋', '热轧带肋钢筋', NULL);
INSERT INTO "SCXK_CPMXB" VALUES ('c81', 'g8', 'XK05-001', '建筑用钢筋', '热轧带肋钢筋', NULL);
