#include "services/net/gate/rules/address.h"

#include <gtest/gtest.h>

namespace pyro::gate {
namespace {

TEST(GateAddress, the_edges_of_each_range_that_is_not_public) {
  for (const char* inside : {"0.0.0.0",
                             "0.255.255.255",
                             "10.0.0.0",
                             "10.255.255.255",
                             "100.64.0.0",
                             "100.127.255.255",
                             "127.0.0.1",
                             "127.255.255.255",
                             "169.254.0.0",
                             "169.254.255.255",
                             "172.16.0.0",
                             "172.31.255.255",
                             "192.0.0.0",
                             "192.0.0.255",
                             "192.88.99.0",
                             "192.168.0.0",
                             "192.168.255.255",
                             "198.18.0.0",
                             "198.19.255.255",
                             "224.0.0.0",
                             "239.255.255.255",
                             "240.0.0.0",
                             "255.255.255.255",
                             "::",
                             "::1",
                             "::ffff:1.1.1.1",
                             "64:ff9b::1.1.1.1",
                             "100::1",
                             "1fff:ffff::",
                             "2001::",
                             "2001:0:ffff::1",
                             "2002::",
                             "2002:ffff::1",
                             "4000::",
                             "fc00::1",
                             "fdff::1",
                             "fe80::1",
                             "fec0::1",
                             "ff02::1"}) {
    EXPECT_FALSE(Address::parse(inside)->is_public()) << inside;
  }
  for (const char* outside :
       {"1.0.0.0",         "9.255.255.255",   "11.0.0.0",        "100.63.255.255", "100.128.0.0",
        "126.255.255.255", "128.0.0.0",       "169.253.255.255", "169.255.0.0",    "172.15.255.255",
        "172.32.0.0",      "192.0.1.0",       "192.0.2.1",       "192.88.98.255",  "192.88.100.0",
        "192.167.255.255", "192.169.0.0",     "198.17.255.255",  "198.20.0.0",     "198.51.100.1",
        "203.0.113.1",     "223.255.255.255", "2000::",          "2001:1::",       "2001:db8::1",
        "2003::",          "2a00::1",         "3fff::1"}) {
    EXPECT_TRUE(Address::parse(outside)->is_public()) << outside;
  }
}

TEST(GateAddress, text_and_sockets_keep_it) {
  for (const char* text : {"192.0.2.1", "2a00::1"}) {
    const Endpoint end{*Address::parse(text), 443};
    EXPECT_EQ(end.address.text(), text);
    sockaddr_storage socket{};
    end.put(socket);
    EXPECT_EQ(Endpoint::of(socket), end);
  }
  for (const char* text : {"", "1.2.3", "1.2.3.4.5", "0x7f.1", "a", "::1%lo", "[::1]"}) {
    EXPECT_FALSE(Address::parse(text)) << text;
  }
  EXPECT_FALSE(Address::from_bytes("12345"));
}

}  // namespace
}  // namespace pyro::gate
