#include "common/api/ports.h"

#include <arpa/inet.h>
#include <gmock/gmock.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <atomic>
#include <list>
#include <thread>

#include "common/base/error.h"
#include "common/base/files.h"
#include "common/base/reasons/network.h"
#include "common/guest/machine_paths.h"
#include "tests/fault/fault_points.h"
#include "tests/support/errors.h"
#include "tests/support/service_process.h"
#include "tests/support/soon.h"

namespace pyro::net {
namespace {

namespace fs = std::filesystem;
using pyro::testing::error_of;
using pyro::testing::Refused;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

constexpr const char* kVm = "0123456789ab";

/// A guest's link: refuses port 81, and on all others sends back what comes, after the end of its
/// caller's half a last word of its own.
class EchoingGuest {
 public:
  explicit EchoingGuest(const fs::path& socket) {
    listener_.reset(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    socket.string().copy(address.sun_path, sizeof address.sun_path - 1);
    if (::bind(listener_.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0 ||
        ::listen(listener_.get(), 200) != 0) {
      throw system_error("listen");
    }
    acceptor_ = std::jthread([this] {
      while (true) {
        UniqueFd one(::accept(listener_.get(), nullptr, nullptr));
        if (!one) return;
        const int fd = one.get();
        connections_.push_back(std::move(one));
        threads_.emplace_back([this, fd] { serve(fd); });
      }
    });
  }
  ~EchoingGuest() {
    ::shutdown(listener_.get(), SHUT_RDWR);
    acceptor_.join();
    for (const auto& one : connections_) ::shutdown(one.get(), SHUT_RDWR);
  }
  EchoingGuest(const EchoingGuest&) = delete;
  EchoingGuest& operator=(const EchoingGuest&) = delete;

  int open() const { return open_; }

 private:
  void serve(int fd) {
    std::string line;
    for (char c = 0; c != '\n'; line += c) {
      if (::recv(fd, &c, 1, 0) <= 0) return;
    }
    if (line == "CONNECT 81\n") {
      ::shutdown(fd, SHUT_RDWR);
      return;
    }
    ++open_;
    write_all(fd, "OK 1\n");
    std::array<char, 4096> buffer{};
    for (ssize_t n = 0; (n = ::recv(fd, buffer.data(), buffer.size(), 0)) > 0;) {
      if (::send(fd, buffer.data(), static_cast<std::size_t>(n), MSG_NOSIGNAL) < 0) break;
    }
    static_cast<void>(::send(fd, "bye", 3, MSG_NOSIGNAL));
    ::shutdown(fd, SHUT_RDWR);
    --open_;
  }

  UniqueFd listener_;
  std::list<UniqueFd> connections_;
  std::atomic<int> open_ = 0;
  std::list<std::jthread> threads_;
  std::jthread acceptor_;
};

UniqueFd dial(std::uint32_t port) {
  UniqueFd fd(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  address.sin_port = htons(static_cast<std::uint16_t>(port));
  if (::connect(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
    fd.reset();
  }
  return fd;
}

/// All until the other end closes its half.
std::string rest_of(int fd) { return read_to_end(fd, 1U << 20U); }

class PortsTest : public ::testing::Test {
 protected:
  PortsTest() {
    fs::create_directories(link().parent_path());
    start();
  }
  fs::path link() const { return MachinePaths(stack_.paths(), kVm).link_socket; }
  void start() {
    service_.emplace(
        "pyro-net", stack_.paths(),
        testing::ServiceProcess::Environment{{"PYRO_FAULTS", (stack_ / "faults").string()}});
  }
  template <class Op>
  typename Op::Reply call(const Op& request) {
    return client_.call(request, {.deadline = Clock::now() + std::chrono::seconds(30)});
  }
  std::uint32_t publish(std::uint32_t guest_port, std::optional<std::uint32_t> host_port = {},
                        std::optional<std::string> service = {}) {
    return call(api::PublishPorts{.workspace_id = "w",
                                  .vm_id = kVm,
                                  .service_name = service,
                                  .ports = {{guest_port, host_port}}})
        .ports.at(0)
        .host_port;
  }
  std::vector<api::PublishedEntry> published() {
    return call(api::ListPublished{.workspace_id = "w"}).ports;
  }
  static std::string exchange(std::uint32_t port, const std::string& text) {
    const UniqueFd fd = dial(port);
    if (!fd) return "refused";
    write_all(fd.get(), text);
    ::shutdown(fd.get(), SHUT_WR);
    return rest_of(fd.get());
  }

  testing::PrivateStack stack_;
  test::FaultPoints points_{stack_ / "faults"};
  std::optional<testing::ServiceProcess> service_;
  bus::Client client_ = stack_.client("net");
};

TEST_F(PortsTest, a_connection_reaches_the_guest_and_each_side_ends_its_own_half) {
  const EchoingGuest guest(link());
  const std::uint32_t port = publish(3000);
  EXPECT_GE(port, 1024U);
  const std::string much(1U << 19U, 'x');
  // What the guest says after the end of the client's half still comes.
  EXPECT_EQ(exchange(port, "hello"), "hellobye");
  EXPECT_EQ(exchange(port, much), much + "bye");
}

TEST_F(PortsTest, listens_on_loopback_alone) {
  const std::uint32_t port = publish(3000);
  const std::string table = read_file("/proc/net/tcp");
  EXPECT_THAT(table, HasSubstr(fmt::format("0100007F:{:04X} 00000000:0000 0A", port)));
  EXPECT_THAT(table, ::testing::Not(HasSubstr(fmt::format("00000000:{:04X} ", port))));
}

TEST_F(PortsTest, a_port_where_nothing_listens_in_the_guest_is_closed_at_once) {
  const EchoingGuest guest(link());
  EXPECT_EQ(exchange(publish(81), ""), "");
}

TEST_F(PortsTest, a_machine_that_is_gone_closes_its_connections) {
  EXPECT_EQ(exchange(publish(3000), ""), "");
}

TEST_F(PortsTest, the_agents_own_ports_are_refused) {
  for (const std::uint32_t port : {5005U, 5006U}) {
    EXPECT_THAT(error_of([&] { publish(port); }), Refused(reason::kPortRefused));
  }
  EXPECT_THAT(published(), IsEmpty());
}

TEST_F(PortsTest, a_taken_port_is_told_and_none_of_the_others_is_published) {
  const std::uint32_t taken = publish(3000);
  const auto refusal = error_of([&] {
    call(api::PublishPorts{.workspace_id = "w", .vm_id = kVm, .ports = {{1, {}}, {2, taken}}});
  });
  EXPECT_THAT(refusal, Refused(reason::kPortTaken));
  EXPECT_THAT(published(), SizeIs(1));
}

TEST_F(PortsTest, a_killed_service_listens_at_the_same_ports_again) {
  const EchoingGuest guest(link());
  const std::uint32_t port = publish(3000, {}, "web");
  service_->kill();
  EXPECT_FALSE(dial(port));
  start();
  EXPECT_EQ(exchange(port, "hello"), "hellobye");
  ASSERT_THAT(published(), SizeIs(1));
  EXPECT_EQ(published()[0].service_name, "web");
}

TEST_F(PortsTest, a_publication_that_a_kill_cut_short_can_be_withdrawn) {
  points_.kill_at("net.publish.recorded");
  EXPECT_TRUE(error_of([&] {
                call(api::PublishPorts{.workspace_id = "w", .vm_id = kVm, .ports = {{1, {}}}});
              }).has_value());
  start();
  call(api::WithdrawPorts{.workspace_id = "w"});
  EXPECT_THAT(published(), IsEmpty());
  EXPECT_TRUE(fs::is_empty(stack_.paths().published_ports_dir()));
}

TEST_F(PortsTest, a_withdrawal_ends_connections_of_what_it_names_and_of_nothing_else) {
  const EchoingGuest guest(link());
  const std::uint32_t web = publish(3000, {}, "web");
  const std::uint32_t other = publish(3001);
  const UniqueFd to_web = dial(web);
  const UniqueFd to_other = dial(other);
  EXPECT_TRUE(test::soon([&] { return guest.open() == 2; }));
  call(api::WithdrawPorts{.workspace_id = "w", .service_name = "web"});
  EXPECT_EQ(rest_of(to_web.get()), "");
  EXPECT_FALSE(dial(web));
  write_all(to_other.get(), "x");
  ::shutdown(to_other.get(), SHUT_WR);
  EXPECT_EQ(rest_of(to_other.get()), "xbye");
  call(api::WithdrawPorts{.workspace_id = "another"});
  EXPECT_THAT(published(), SizeIs(1));
  call(api::WithdrawPorts{.workspace_id = "w"});
  EXPECT_FALSE(dial(other));
}

TEST_F(PortsTest, a_workspace_has_at_most_128_connections_over_all_its_ports) {
  const EchoingGuest guest(link());
  const std::uint32_t first = publish(3000);
  const std::uint32_t second = publish(3001);
  std::vector<UniqueFd> held;
  for (int i = 0; i < 64; ++i) {
    held.push_back(dial(first));
    held.push_back(dial(second));
  }
  EXPECT_TRUE(test::soon([&] { return guest.open() == 128; }));
  EXPECT_EQ(exchange(first, ""), "");
  held.clear();
  EXPECT_TRUE(test::soon([&] { return guest.open() == 0; }));
  EXPECT_EQ(exchange(first, ""), "bye");
}

}  // namespace
}  // namespace pyro::net
