#include "services/vm/shim/control_server.h"

#include <fcntl.h>
#include <fmt/core.h>

#include <algorithm>
#include <asio/post.hpp>
#include <chrono>
#include <memory>

#include "common/api/error_body.h"
#include "common/base/error.h"
#include "common/link/frame_socket.h"

namespace pyro::vm {
namespace {

/// A VMM has so long to begin to listen.
constexpr std::chrono::seconds kBeginLimit{60};
constexpr std::chrono::seconds kGateLimit{30};
constexpr std::chrono::milliseconds kFirstGateDelay{100};
constexpr std::chrono::milliseconds kLongestGateDelay{30000};

/// For a request to arrive, and for its answer to leave.
constexpr std::chrono::seconds kTransferLimit{5};

link::Frame frame_of(link::FrameType type, std::string body) {
  link::Frame frame{.type = type, .body = {}};
  frame.body.data = std::move(body);
  return frame;
}

}  // namespace

ControlServer::ControlServer(asio::io_context& loop, UniqueFd monitor,
                             const std::filesystem::path& path,
                             std::function<void(std::string)> on_failed)
    : loop_(loop),
      monitor_(std::move(monitor)),
      network_(monitor_,
               [this](int pidfd) {
                 auto gate = std::make_shared<UniqueFd>(::fcntl(pidfd, F_DUPFD_CLOEXEC, 3));
                 asio::post(loop_, [this, gate] { watch_gate(std::move(*gate)); });
               }),
      next_gate_(loop),
      gate_delay_(kFirstGateDelay),
      listener_(loop, path, [this](UniqueFd connection) {
        auto shared = std::make_shared<UniqueFd>(std::move(connection));
        asio::post(worker_, [this, shared] { serve(*shared); });
      }) {
  asio::post(worker_, [this, on_failed = std::move(on_failed)] { begin(on_failed); });
  dispatcher_.serve(control::ControlApi{}, [this]<class Op>(const Op& request) {
    const Work work{.deadline = Clock::now() + std::chrono::milliseconds(request.limit_ms),
                    .stop = stop_.get_token()};
    return api::to_msgpack(handle(request, work));
  });
}

ControlServer::~ControlServer() {
  stop_.request_stop();
  worker_.stop();
  worker_.join();
}

void ControlServer::begin(const std::function<void(std::string)>& on_failed) {
  try {
    network_.begin({.deadline = Clock::now() + kBeginLimit, .stop = stop_.get_token()});
  } catch (const std::exception& error) {
    failed_ = error.what();
    asio::post(loop_, [on_failed, text = failed_] { on_failed(text); });
  }
}

void ControlServer::watch_gate(UniqueFd pidfd) {
  gate_exit_.emplace(loop_, pidfd.release());
  gate_exit_->async_wait(asio::posix::stream_descriptor::wait_read,
                         [this](const std::error_code& failed) {
                           if (!failed) replace_gate();
                         });
}

/// At once, and ever later while none starts.
void ControlServer::replace_gate() {
  asio::post(worker_, [this] {
    const bool there =
        network_.gate_ended({.deadline = Clock::now() + kGateLimit, .stop = stop_.get_token()});
    asio::post(loop_, [this, there] {
      if (there) {
        gate_delay_ = kFirstGateDelay;
        return;
      }
      next_gate_.expires_after(gate_delay_);
      gate_delay_ = std::min(gate_delay_ * 2, kLongestGateDelay);
      next_gate_.async_wait([this](const std::error_code& failed) {
        if (!failed) replace_gate();
      });
    });
  });
}

void ControlServer::serve(const UniqueFd& connection) noexcept {
  try {
    const Work brief{.deadline = Clock::now() + kTransferLimit, .stop = stop_.get_token()};
    link::FrameSocket socket(connection.get());
    const link::Frame answer = answer_to(socket.receive(brief));
    socket.send(answer, {.deadline = Clock::now() + kTransferLimit, .stop = stop_.get_token()});
  } catch (const std::exception& error) {
    fmt::print(stderr, "shim: a caller of its control socket is lost: {}\n", error.what());
  }
}

link::Frame ControlServer::answer_to(const link::Frame& request) {
  try {
    const auto run = dispatcher_.find(request.method, request.body.data);
    if (!run) throw invalid_argument("the shim knows no method '{}'", request.method);
    if (!failed_.empty()) {
      throw unavailable("the guest's network card could not be disconnected: {}", failed_);
    }
    return frame_of(link::FrameType::kResult, run());
  } catch (const Error& error) {
    return frame_of(link::FrameType::kError, api::to_msgpack(api::error_body(error)));
  } catch (const std::exception& error) {
    return frame_of(link::FrameType::kError,
                    api::to_msgpack(api::error_body(internal_error("{}", error.what()))));
  }
}

api::Nothing ControlServer::handle(const control::Save& request, const Work& work) {
  monitor_.save(request.file, work);
  return {};
}

api::Nothing ControlServer::handle(const control::Load&, const Work& work) {
  monitor_.load(work);
  return {};
}

api::Nothing ControlServer::handle(const control::Pause&, const Work& work) {
  monitor_.pause(work);
  return {};
}

api::Nothing ControlServer::handle(const control::Resume&, const Work& work) {
  monitor_.resume(work);
  return {};
}

api::Nothing ControlServer::handle(const control::PrepareNetwork& request, const Work& work) {
  network_.prepare(request, work);
  return {};
}

control::Network ControlServer::handle(const control::SetNetwork& request, const Work& work) {
  return network_.set(request, work);
}

control::Network ControlServer::handle(const control::DescribeNetwork&, const Work&) {
  return network_.describe();
}

}  // namespace pyro::vm
