#include "services/net/ports/port_listener.h"

#include <utility>

#include "common/base/error.h"
#include "common/base/reasons/network.h"
#include "services/net/ports/splice.h"

namespace pyro::net {
namespace {

using asio::ip::tcp;

void listen_at(tcp::acceptor& acceptor, std::uint32_t port) {
  asio::error_code failed;
  acceptor.open(tcp::v4(), failed);
  if (!failed) acceptor.set_option(tcp::acceptor::reuse_address(true), failed);
  if (!failed) {
    acceptor.bind({asio::ip::address_v4::loopback(), static_cast<std::uint16_t>(port)}, failed);
  }
  if (!failed) acceptor.listen(asio::socket_base::max_listen_connections, failed);
  if (failed == asio::error::address_in_use) {
    throw already_exists(reason::kPortTaken,
                         "host port {} is taken by another program: choose another, or none for "
                         "any free one",
                         port);
  }
  if (failed) throw system_error(fmt::format("listen on 127.0.0.1:{}", port), failed.value());
}

}  // namespace

PortListener::PortListener(asio::io_context& loop, PortRecord record,
                           std::filesystem::path link_socket,
                           std::shared_ptr<ConnectionCount> count)
    : loop_(loop),
      record_(std::move(record)),
      link_socket_(std::move(link_socket)),
      count_(std::move(count)),
      acceptor_(loop) {
  listen_at(acceptor_, record_.host_port);
  record_.host_port = acceptor_.local_endpoint().port();
}

PortListener::~PortListener() {
  for (const auto& one : std::exchange(splices_, {})) {
    if (const auto splice = one.lock()) splice->close();
  }
}

void PortListener::accept() {
  acceptor_.async_accept([this](auto failed, tcp::socket client) {
    if (failed == asio::error::operation_aborted) return;
    // Beyond the most, a connection is closed at once: a program sees that, and tries again.
    if (!failed && count_->open < ConnectionCount::kMost) {
      asio::error_code ignored;
      client.set_option(tcp::no_delay(true), ignored);
      const auto splice = std::make_shared<Splice>(loop_, std::move(client));
      const std::weak_ptr<Splice> known = splice;
      splices_.insert(known);
      ++count_->open;
      splice->start(link_socket_, record_.guest_port, [this, known, count = count_] {
        --count->open;
        splices_.erase(known);
      });
    }
    accept();
  });
}

}  // namespace pyro::net
