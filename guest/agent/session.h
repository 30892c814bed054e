#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "common/base/error.h"
#include "common/link/message_frame.h"
#include "common/link/mux.h"

namespace pyro::agent {

/// One host connection: answers each request before it reads the next. Cuts off a host after an
/// invalid frame. The end of the connection drops its call.
class Session : public link::StreamHandler, public std::enable_shared_from_this<Session> {
 public:
  using Dispatch = std::function<void(const std::shared_ptr<Session>&, const link::Frame&)>;

  Session(std::shared_ptr<link::MuxStream> stream, Dispatch dispatch)
      : stream_(std::move(stream)), dispatch_(std::move(dispatch)) {}

  /// Answers the current call: output frames, while has_room() allows, then one answer. The answer
  /// clears both callbacks.
  void output(int stream, std::uint64_t dropped, std::string data);
  bool has_room() { return stream_->has_room(); }
  void on_room(std::function<void()> action) { on_room_ = std::move(action); }
  void on_gone(std::function<void()> action) { on_gone_ = std::move(action); }
  template <api::Message T>
  void answer(const T& message) {
    finish(link::FrameType::kResult, api::to_msgpack(message));
  }
  void refuse(const Error& error);

  void on_data(std::string_view data) override;
  void on_finish() override { leave(); }
  void on_reset() override { leave(); }
  void on_writable() override;

 private:
  void take_requests();
  void finish(link::FrameType type, std::string body);
  void leave();

  std::shared_ptr<link::MuxStream> stream_;
  Dispatch dispatch_;
  link::FrameDecoder decoder_;
  std::function<void()> on_room_;
  std::function<void()> on_gone_;
  std::size_t unconsumed_ = 0;
  bool busy_ = false;
  bool taking_ = false;
  bool gone_ = false;
};

/// The typed answer of one call.
template <api::Operation Op>
class Caller {
 public:
  explicit Caller(std::shared_ptr<Session> session) : session_(std::move(session)) {}
  void answer(const typename Op::Reply& reply) const { session_->answer(reply); }
  const std::shared_ptr<Session>& session() const { return session_; }

 private:
  std::shared_ptr<Session> session_;
};

}  // namespace pyro::agent
