#include "guest/agent/network_card.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sched.h>
#include <sys/wait.h>
#include <unistd.h>

#include <functional>

#include "common/base/files.h"
#include "common/process/child_process.h"
#include "tests/support/errors.h"
#include "tests/support/temporary.h"

namespace pyro::agent {
namespace {

using pyro::testing::error_of;
using pyro::testing::Refused;
using pyro::testing::TestDirectory;
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

api::agent::ConfigureNetwork both_families() {
  return {.addresses = {{.address = "10.0.2.15", .prefix_bits = 24, .gateway = "10.0.2.1"},
                        {.address = "fd00:2::15", .prefix_bits = 64, .gateway = "fd00:2::1"}},
          .name_server = "10.0.2.1",
          .mtu = 65520};
}

std::string said_by(std::vector<std::string> words) {
  return run_checked({.argv = std::move(words)}, Clock::now() + std::chrono::seconds(20), {});
}

/// A card of a network namespace of the test's own: one end of a pair, whose other end is up.
class NetworkCardTest : public ::testing::Test {
 protected:
  /// In a child with a namespace of its own; what it finds wrong it prints, and the test fails.
  void within(const std::function<void()>& test) const {
    const pid_t child = ::fork();
    if (child == 0) {
      const uid_t user = ::geteuid();
      const gid_t group = ::getegid();
      if (::unshare(CLONE_NEWUSER | CLONE_NEWNET | CLONE_NEWNS) != 0) ::_exit(2);
      write_file_atomically_to("/proc/self/setgroups", "deny");
      write_file_atomically_to("/proc/self/uid_map", fmt::format("0 {} 1", user));
      write_file_atomically_to("/proc/self/gid_map", fmt::format("0 {} 1", group));
      said_by({"ip", "link", "add", "eth0", "type", "veth", "peer", "name", "other"});
      said_by({"ip", "link", "set", "other", "mtu", "65520", "up"});
      test();
      ::_exit(HasFailure() ? 1 : 0);
    }
    int status = 0;
    ::waitpid(child, &status, 0);
    EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 0) << status;
  }
  static void write_file_atomically_to(const char* file, const std::string& text) {
    write_all(open_file(file, O_WRONLY).get(), text);
  }

  NetworkCard card() const { return {"eth0", resolver().string()}; }
  std::filesystem::path resolver() const { return directory_ / "resolv.conf"; }

  TestDirectory directory_;
};

TEST_F(NetworkCardTest, has_its_addresses_gateways_and_the_longest_packets) {
  within([this] {
    card().configure(both_families());
    EXPECT_THAT(said_by({"ip", "addr", "show", "dev", "eth0"}),
                AllOf(HasSubstr("mtu 65520"), HasSubstr("inet 10.0.2.15/24"),
                      HasSubstr("inet6 fd00:2::15/64"), Not(HasSubstr("tentative"))));
    EXPECT_THAT(said_by({"ip", "route"}), HasSubstr("default via 10.0.2.1 dev eth0"));
    EXPECT_THAT(said_by({"ip", "-6", "route"}), HasSubstr("default via fd00:2::1 dev eth0"));
    EXPECT_THAT(read_file(resolver()), HasSubstr("\nnameserver 10.0.2.1\n"));
  });
}

TEST_F(NetworkCardTest, says_nothing_of_ipv6_where_there_is_none) {
  within([this] {
    auto wanted = both_families();
    wanted.addresses.pop_back();
    card().configure(wanted);
    EXPECT_THAT(said_by({"ip", "addr", "show", "dev", "eth0"}), Not(HasSubstr("inet6")));
    card().configure(wanted);  // as often as one likes
    card().configure(both_families());
    EXPECT_THAT(said_by({"ip", "addr", "show", "dev", "eth0"}), HasSubstr("fd00:2::15"));
  });
}

TEST_F(NetworkCardTest, loses_all_of_it_again) {
  within([this] {
    card().configure(both_families());
    card().configure({});
    EXPECT_THAT(said_by({"ip", "addr", "show", "dev", "eth0"}),
                AllOf(HasSubstr("state DOWN"), Not(HasSubstr("inet"))));
    EXPECT_THAT(said_by({"ip", "route"}), Not(HasSubstr("default")));
    EXPECT_EQ(read_file(resolver()), "");
  });
}

TEST_F(NetworkCardTest, leaves_a_resolver_alone_that_is_the_users) {
  within([this] {
    write_file_atomically(resolver(), "nameserver 192.0.2.1\n");
    card().configure({});
    EXPECT_EQ(read_file(resolver()), "nameserver 192.0.2.1\n");
  });
}

TEST_F(NetworkCardTest, puts_a_file_in_the_place_of_a_link_into_nowhere) {
  within([this] {
    std::filesystem::create_symlink("/nowhere/stub-resolv.conf", resolver());
    card().configure(both_families());
    EXPECT_TRUE(std::filesystem::is_regular_file(std::filesystem::symlink_status(resolver())));
    EXPECT_THAT(read_file(resolver()), HasSubstr("nameserver"));
  });
}

TEST_F(NetworkCardTest, takes_no_text_for_an_address) {
  within([this] {
    auto wanted = both_families();
    wanted.addresses[0].address = "10.0.2.15; true";
    EXPECT_THAT(error_of([&] { card().configure(wanted); }),
                Refused(ErrorCode::kInvalidArgument, HasSubstr("is no address")));
    wanted = both_families();
    wanted.addresses[0].prefix_bits = 64;
    EXPECT_THAT(error_of([&] { card().configure(wanted); }),
                Refused(ErrorCode::kInvalidArgument, HasSubstr("is no prefix")));
  });
}

}  // namespace
}  // namespace pyro::agent
