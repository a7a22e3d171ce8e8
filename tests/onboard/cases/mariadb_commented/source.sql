-- dialect: mariadb
-- Short English abbreviations with Chinese comments.
CREATE TABLE lic_cert (cert_id bigint PRIMARY KEY COMMENT '主键ID', cert_no varchar(50) COMMENT '证书编号', ent_nm varchar(200) COMMENT '持证企业名称', crdt_cd varchar(18) COMMENT '社会信用代码', dom varchar(300) COMMENT '企业住所',
 prd_addr varchar(300) COMMENT '生产场所地址', prd_nm varchar(200) COMMENT '获证产品', iss_org varchar(200) COMMENT '发证机关名称', iss_dt date COMMENT '发证日期', eff_dt date COMMENT '生效日期', exp_dt date COMMENT '有效期至', sts char(1) COMMENT '证书状态(A正常 C注销 R吊销)',
 chk_md varchar(20) COMMENT '检验方式', mgr varchar(50) COMMENT '法定代表人', tel varchar(20) COMMENT '联系电话', del_flag char(1) COMMENT '删除标志', upd_tm datetime NOT NULL COMMENT '更新时间', KEY ix (upd_tm)) COMMENT='生产许可证证书表';
CREATE TABLE lic_cert_his (id bigint PRIMARY KEY, cert_id bigint COMMENT '证书主键', old_no varchar(50) COMMENT '原证书编号', cncl_dt date COMMENT '原证书注销日期');
INSERT INTO lic_cert VALUES (1, '川XK02-001-00001', '绵阳青石水泥有限公司', '91510700Y00051016K', '四川省绵阳市样例区虚构路1号', '四川省绵阳市演示县工业园1号', '安全帽', '四川省市场监督管理局', '2021-06-08', '2021-06-08', '2026-06-07', 'C', '委托检验', '李娜', '13800010051', '0', '2026-05-01 10:00:00');
INSERT INTO lic_cert VALUES (2, '川XK08-001-00002', '泸州白鹭化肥有限公司', '91510500Y000510244', '四川省泸州市样例区虚构路2号', '四川省泸州市演示县工业园2号', '水泥', '四川省市场监督管理局', '2022-11-15', '2022-11-15', '2027-11-14', 'R', '企业自检', '王芳', '13800020051', '0', '2026-05-02 10:00:00');
INSERT INTO lic_cert VALUES (3, '川XK16-204-00003', '成都云岭钢筋有限公司', '91510100Y00051032A', '四川省成都市样例区虚构路3号', '四川省成都市演示县工业园3号', '食品用塑料包装容器工具等制品', '四川省市场监督管理局', '2023-04-22', '2023-04-22', '2028-04-21', 'A', '委托检验', '刘洋', '13800030051', '0', '2026-05-03 10:00:00');
INSERT INTO lic_cert VALUES (4, '川XK06-001-00004', '绵阳清泉塑料有限公司', '91510700Y000510404', '四川省绵阳市样例区虚构路4号', '四川省绵阳市演示县工业园4号', '电线电缆', '四川省市场监督管理局', '2024-09-02', '2024-09-02', '2029-09-01', 'C', '企业自检', '陈静', '13800040051', '0', '2026-05-04 10:00:00');
INSERT INTO lic_cert VALUES (5, '川XK05-001-00005', '泸州长风安全帽有限公司', '91510500Y00051059N', '四川省泸州市样例区虚构路5号', '四川省泸州市演示县工业园5号', '建筑用钢筋', '四川省市场监督管理局', '2020-02-09', '2020-02-09', '2025-02-08', 'R', '委托检验', '杨帆', '13800050051', '0', '2026-05-05 10:00:00');
INSERT INTO lic_cert VALUES (6, '川XK03-002-00006', '成都北斗线缆有限公司', '91510100Y00051067W', '四川省成都市样例区虚构路6号', '四川省成都市演示县工业园6号', '人造板', '四川省市场监督管理局', '2021-07-16', '2021-07-16', '2026-07-15', 'A', '企业自检', '赵磊', '13800060051', '0', '2026-05-06 10:00:00');
INSERT INTO lic_cert VALUES (7, '川XK13-001-00007', '绵阳南园人造板有限公司', '91510700Y00051075N', '四川省绵阳市样例区虚构路7号', '四川省绵阳市演示县工业园7号', '化肥', '四川省市场监督管理局', '2022-12-23', '2022-12-23', '2027-12-22', 'C', '委托检验', '黄敏', '13800070051', '0', '2026-05-07 10:00:00');
INSERT INTO lic_cert VALUES (8, '川XK02-001-00008', '泸州东湖包装有限公司', '91510500Y000510837', '四川省泸州市样例区虚构路8号', '四川省泸州市演示县工业园8号', '安全帽', '四川省市场监督管理局', '2023-05-03', '2023-05-03', '2028-05-02', 'R', '企业自检', '张伟', '13800080051', '0', '2026-05-08 10:00:00');
INSERT INTO lic_cert_his VALUES (1, 1, 'XK02-001-00501', '2020-12-01');
INSERT INTO lic_cert_his VALUES (2, 2, 'XK08-001-00502', '2020-12-01');
INSERT INTO lic_cert_his VALUES (3, 3, 'XK16-204-00503', '2020-12-01');
INSERT INTO lic_cert_his VALUES (4, 4, 'XK06-001-00504', '2020-12-01');
INSERT INTO lic_cert_his VALUES (5, 5, 'XK05-001-00505', '2020-12-01');
INSERT INTO lic_cert_his VALUES (6, 6, 'XK03-002-00506', '2020-12-01');
INSERT INTO lic_cert_his VALUES (7, 7, 'XK13-001-00507', '2020-12-01');
INSERT INTO lic_cert_his VALUES (8, 8, 'XK02-001-00508', '2020-12-01');
