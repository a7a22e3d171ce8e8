-- A province that the gateway has never seen: 浙江, as its bureau might keep it. Every enterprise is invented.
CREATE TABLE xkz (
    bh INTEGER PRIMARY KEY,     -- 主键
    zsbh TEXT,                  -- 证书编号
    qymc TEXT,                  -- 企业名称
    tyshxydm TEXT,              -- 统一社会信用代码
    zs TEXT,                    -- 住所
    scdz TEXT,                  -- 生产地址, several joined by ；
    fzrq TEXT,                  -- 发证日期
    yxqz TEXT,                  -- 有效期至
    zt TEXT,                    -- 状态, in words
    zxrq TEXT,                  -- 注销或吊销日期
    bz TEXT,                    -- 备注
    gxsj TIMESTAMP              -- 更新时间
);
CREATE TABLE xkz_cp (
    xh INTEGER,                 -- 序号
    zs_bh INTEGER,              -- xkz.bh
    cpmc TEXT,                  -- 产品名称
    cpdy TEXT                   -- 产品单元
);
INSERT INTO xkz VALUES (1, '（浙）XK05-001-00011', '杭州示例钢筋有限公司', '91330100Y33000012X', '浙江省杭州市样例区虚构路1号', '浙江省杭州市样例区虚构路1号', '2022-3-5', '2027-3-4', '有效', NULL, '示例', '2026-11-01 09:01:00');
INSERT INTO xkz_cp VALUES (1, 1, '建筑用钢筋', '热轧带肋钢筋');
INSERT INTO xkz VALUES (2, '浙XK06-001-00012', '宁波样例线缆股份有限公司', '91330200Y33000020X', '浙江省宁波市样例区虚构路2号', '浙江省宁波市样例区虚构路2号', '20230118', '20280117', '有效', NULL, '示例', '2026-11-02 09:02:00');
INSERT INTO xkz_cp VALUES (1, 2, '电线电缆', '架空绞线');
INSERT INTO xkz_cp VALUES (2, 2, '电线电缆', '塑料绝缘控制电缆');
INSERT INTO xkz VALUES (3, '(浙)XK08-001-00013', '温州虚构水泥有限公司', '91330300Y330000391', '浙江省温州市样例区虚构路3号', '浙江省温州市样例区虚构路3号；浙江省温州市演示县示例大道3号', '2021年6月30日', '2026年6月29日', '有效', NULL, '示例', '2026-11-03 09:03:00');
INSERT INTO xkz_cp VALUES (1, 3, '水泥', '通用水泥');
INSERT INTO xkz VALUES (4, '(浙)XK03-002-00014', '嘉兴演示人造板有限公司', '91330400Y330000470', '浙江省嘉兴市样例区虚构路4号', '浙江省嘉兴市样例区虚构路4号', '2024.02.29', '2029.02.28', '正常', NULL, '示例', '2026-11-04 09:04:00');
INSERT INTO xkz_cp VALUES (1, 4, '人造板', '胶合板');
INSERT INTO xkz VALUES (5, 'QS浙XK02-001-00015', '湖州示例安全帽有限公司', '91330500Y330000550', '浙江省湖州市样例区虚构路5号', '浙江省湖州市样例区虚构路5号', '2023/11/07', '2028/11/06', '有效', NULL, '示例', '2026-11-05 09:05:00');
INSERT INTO xkz_cp VALUES (1, 5, '安全帽', '安全帽');
INSERT INTO xkz VALUES (6, '(浙)XK13-001-00016', '绍兴样例化肥有限公司', '91330600Y330000630', '浙江省绍兴市样例区虚构路6号', '浙江省绍兴市样例区虚构路6号；浙江省绍兴市演示县示例大道6号', '2020-09-15', '2025-09-14', '注销', '2024-10-08', '示例', '2026-11-06 09:06:00');
INSERT INTO xkz_cp VALUES (1, 6, '化肥', '复合肥料');
INSERT INTO xkz_cp VALUES (2, 6, '化肥', '塑料绝缘控制电缆');
INSERT INTO xkz VALUES (7, '(浙)XK06-001-00017', '金华虚构电缆有限公司', '91330700Y330000710', '浙江省金华市样例区虚构路7号', '浙江省金华市样例区虚构路7号', '2022-08-01', '2027-07-31', '有效', NULL, '示例', '2026-11-07 09:07:00');
INSERT INTO xkz_cp VALUES (1, 7, '电线电缆', '漆包圆绕组线');
INSERT INTO xkz VALUES (8, '(浙)XK08-001-00018', '衢州演示水泥有限公司', '91330800Y3300008XW', '浙江省衢州市样例区虚构路8号', '浙江省衢州市样例区虚构路8号', '2023-5-', '2028-05-19', '有效', NULL, '示例', '2026-11-08 09:08:00');
INSERT INTO xkz_cp VALUES (1, 8, '水泥', '特种水泥');
INSERT INTO xkz VALUES (9, '(浙)XK12-001-00019', '台州示例包装容器有限公司', '91331000Y330000980', '浙江省台州市样例区虚构路9号', '浙江省台州市样例区虚构路9号；浙江省台州市演示县示例大道9号', '2025-01-10', '2030-01-09', '吊销', '20250601', '示例', '2026-11-09 09:09:00');
INSERT INTO xkz_cp VALUES (1, 9, '危险化学品包装物、容器', '塑料桶');
