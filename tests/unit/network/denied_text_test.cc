#include "common/network/denied_text.h"

#include <gtest/gtest.h>

namespace pyro::network {
namespace {

TEST(DeniedText, names_what_was_denied_and_the_command_that_allows_it) {
  EXPECT_EQ(
      denied_text("0123456789ab",
                  {{.name = "a.example.com", .reason = "name_not_allowed"},
                   {.name = "a.example.com", .port = 443, .reason = "server_name_not_allowed"},
                   {.name = "b.example.com", .port = 22, .reason = "port_not_allowed"}}),
      "the network policy denied a.example.com (name_not_allowed), a.example.com:443 "
      "(server_name_not_allowed), b.example.com:22 (port_not_allowed); the person can allow "
      "it: pyro workspace network update 0123456789ab --allow-domain a.example.com "
      "--allow-domain b.example.com:22");
}

TEST(DeniedText, offers_no_command_for_what_no_entry_allows) {
  EXPECT_EQ(denied_text("w", {{.address = "10.0.0.1", .port = 80, .reason = "address_not_public"},
                              {.name = "x.local", .reason = "name_is_local"}}),
            "the network policy denied 10.0.0.1:80 (address_not_public), x.local (name_is_local)");
  EXPECT_EQ(denied_text("w", {}), "");
}

TEST(DeniedText, quotes_a_name_that_a_guest_made_up) {
  const std::string text =
      denied_text("w", {{.name = "a; rm -rf ~", .reason = "name_not_allowed"}});
  EXPECT_NE(text.find("--allow-domain 'a; rm -rf ~'"), std::string::npos) << text;
}

}  // namespace
}  // namespace pyro::network
