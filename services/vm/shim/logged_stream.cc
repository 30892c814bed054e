#include "services/vm/shim/logged_stream.h"

#include <asio/buffer.hpp>
#include <string_view>
#include <system_error>

namespace pyro::vm {

LoggedStream::LoggedStream(asio::io_context& loop, UniqueFd from, const std::filesystem::path& log)
    : from_(loop, from.release()), log_(log), buffer_(65536) {
  from_.non_blocking(true);
  read_more();
}

void LoggedStream::read_more() {
  from_.async_read_some(asio::buffer(buffer_), [this](const std::error_code& ended, std::size_t n) {
    if (ended) return;
    log_.append({buffer_.data(), n});
    read_more();
  });
}

void LoggedStream::drain() {
  from_.cancel();
  std::error_code ended;
  for (std::size_t taken = 0; taken < kMostAtEnd && !ended;) {
    const std::size_t n = from_.read_some(asio::buffer(buffer_), ended);
    log_.append({buffer_.data(), n});
    taken += n;
  }
}

}  // namespace pyro::vm
