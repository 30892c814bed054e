#include "guest/agent/session.h"

#include "common/api/error_body.h"

namespace pyro::agent {

void Session::output(int stream, std::uint64_t dropped, std::string data) {
  link::Frame frame{.type = link::FrameType::kOutput,
                    .method = {},
                    .stream = static_cast<std::uint32_t>(stream),
                    .dropped = dropped,
                    .body = {}};
  frame.body.data = std::move(data);
  stream_->take(link::encode_frame(frame));
}

void Session::refuse(const Error& error) {
  finish(link::FrameType::kError, api::to_msgpack(api::error_body(error)));
}

void Session::finish(link::FrameType type, std::string body) {
  if (!busy_) return;
  busy_ = false;
  on_room_ = nullptr;
  on_gone_ = nullptr;
  link::Frame frame{.type = type, .method = {}, .body = {}};
  frame.body.data = std::move(body);
  stream_->take(link::encode_frame(frame));
  if (!taking_) take_requests();
}

void Session::on_data(std::string_view data) {
  decoder_.feed(data);
  unconsumed_ += data.size();
  take_requests();
}

/// While a call is being answered no credit goes back: a host that keeps sending has to wait.
void Session::take_requests() {
  const std::shared_ptr<Session> self = shared_from_this();
  taking_ = true;
  while (!busy_ && !gone_) {
    std::optional<link::Frame> frame;
    try {
      frame = decoder_.next();
      if (frame && frame->type != link::FrameType::kRequest) throw invalid_argument("no request");
    } catch (const Error&) {
      stream_->reset();
      leave();
      break;
    }
    if (!frame) {
      stream_->consume(std::exchange(unconsumed_, 0));
      break;
    }
    busy_ = true;
    try {
      dispatch_(self, *frame);
    } catch (const Error& error) {
      refuse(error);
    } catch (const std::exception& error) {
      refuse(internal_error("{}: {}", frame->method, error.what()));
    }
  }
  taking_ = false;
}

void Session::on_writable() {
  if (const auto action = on_room_) action();
}

void Session::leave() {
  gone_ = true;
  busy_ = false;  // a late answer has no way any more
  on_room_ = nullptr;
  if (const auto action = std::exchange(on_gone_, nullptr)) action();
  stream_->finish();
}

}  // namespace pyro::agent
