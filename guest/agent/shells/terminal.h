#pragma once

#include <asio/io_context.hpp>
#include <asio/posix/stream_descriptor.hpp>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "common/base/unique_fd.h"

namespace pyro::agent {

struct WindowSize {
  std::uint32_t cols;
  std::uint32_t rows;
};

/// The master of a pseudo terminal. It is always read: nobody slows the programs on it.
class Terminal : public std::enable_shared_from_this<Terminal> {
 public:
  struct Events {
    std::function<void(std::string_view)> on_output;
    std::function<void()> on_end;  ///< all was read, and no program holds the terminal any more
  };

  /// Makes the pair; `slave` is for the child.
  static std::shared_ptr<Terminal> make(asio::io_context& io, WindowSize size, UniqueFd& slave);

  void start(Events events);
  /// Bytes that were typed and that no program has taken yet, nor the kernel for it.
  std::size_t typed_ahead() const { return input_.size(); }
  void type(std::string_view data);
  void resize(WindowSize size);
  /// To the foreground processes, if there are any.
  void signal(int number);
  bool ended() const { return ended_; }
  /// No more events.
  void close();

 private:
  Terminal(asio::io_context& io, UniqueFd master);
  void wait_for_output();
  bool read_once();
  void pass_input_on();

  asio::posix::stream_descriptor master_;
  Events events_;
  std::string input_;
  bool writing_ = false;
  bool ended_ = false;
};

}  // namespace pyro::agent
