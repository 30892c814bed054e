#pragma once

#include <asio/io_context.hpp>
#include <asio/posix/stream_descriptor.hpp>
#include <functional>
#include <memory>
#include <string_view>

#include "common/base/unique_fd.h"

namespace pyro::agent {

/// The read end of a job's output. Reads while `may_read` allows it.
class OutputPipe : public std::enable_shared_from_this<OutputPipe> {
 public:
  using OnData = std::function<void(std::string_view)>;

  /// Makes the pipe; `write_end` is for the child.
  static std::shared_ptr<OutputPipe> make(asio::io_context& io, UniqueFd& write_end);

  void start(std::function<bool()> may_read, OnData on_data);
  /// Call it when `may_read` may have become true.
  void resume();
  /// Reports the current content of the pipe, even if a process still holds its other end, and then
  /// nothing more. Later output of background processes is lost.
  void drain();

 private:
  OutputPipe(asio::io_context& io, UniqueFd read_end);
  bool read_once(std::size_t limit);

  asio::posix::stream_descriptor pipe_;
  std::function<bool()> may_read_;
  OnData on_data_;
  bool waiting_ = false;
  bool ended_ = false;
};

}  // namespace pyro::agent
