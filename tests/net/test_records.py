import pytest

from monitor.errors import MonitorError
from monitor.net.records import Records
from tests.net.nameserver import nameserver

ZONE = {
    ("news.example", "TXT"): ['"v=spf1 a:relay.news.example -all"', '"other"'],
    ("s1._domainkey.news.example", "TXT"): ['"v=DKIM1; k=rsa; p=MII" "Bxyz"'],
    ("relay.news.example", "A"): ["192.0.2.7"],
    ("relay.news.example", "AAAA"): ["2001:db8::7"],
    ("7.2.0.192.in-addr.arpa", "PTR"): ["relay.news.example."],
    ("broken.example", "TXT"): [],
}


async def test_records_are_read_and_absent_ones_are_none() -> None:
    async with nameserver(ZONE) as server:
        ask = Records(server=server)
        assert sorted(await ask.txt("news.example")) == ["other", "v=spf1 a:relay.news.example -all"]
        assert await ask.txt("s1._domainkey.news.example") == ["v=DKIM1; k=rsa; p=MIIBxyz"]
        assert await ask.txt("nobody.example") == []
        assert await ask.txt("relay.news.example") == []
        assert await ask.addresses("relay.news.example") == ["192.0.2.7", "2001:db8::7"]
        assert await ask.names("192.0.2.7") == ["relay.news.example"]


async def test_a_server_that_fails_is_an_error_and_no_absence() -> None:
    async with nameserver(ZONE) as server:
        with pytest.raises(MonitorError, match=r"broken\.example"):
            await Records(server=server).txt("broken.example")
