-- A table without a row.
CREATE TABLE xkz (id INTEGER PRIMARY KEY, xkzbh TEXT, qymc TEXT, tyshxydm TEXT, zs TEXT, scdz TEXT, cpmc TEXT, fzrq TEXT, yxqz TEXT, zszt TEXT, fzjg TEXT, gxsj TIMESTAMP);
