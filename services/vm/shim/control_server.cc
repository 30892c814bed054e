#include "services/vm/shim/control_server.h"

#include <fmt/core.h>

#include <asio/post.hpp>
#include <chrono>
#include <memory>

#include "common/api/error_body.h"
#include "common/base/error.h"
#include "common/link/frame_socket.h"

namespace pyro::vm {
namespace {

/// For a request to arrive, and for its answer to leave.
constexpr std::chrono::seconds kTransferLimit{5};

link::Frame frame_of(link::FrameType type, std::string body) {
  link::Frame frame{.type = type, .body = {}};
  frame.body.data = std::move(body);
  return frame;
}

}  // namespace

ControlServer::ControlServer(asio::io_context& loop, UniqueFd monitor,
                             const std::filesystem::path& path)
    : monitor_(std::move(monitor)), listener_(loop, path, [this](UniqueFd connection) {
        auto shared = std::make_shared<UniqueFd>(std::move(connection));
        asio::post(worker_, [this, shared] { serve(*shared); });
      }) {
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

}  // namespace pyro::vm
