#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

namespace pyro::gate {

/// Reads the requests of a plain HTTP/1 connection as they come, in pieces of any length: where
/// each one ends, and for which host it is. What could be read in two ways is refused.
class HttpRequests {
 public:
  static constexpr std::size_t kMostHeadBytes = 64U << 10U;

  /// Asked for each request, before a byte of it is let through. Returns why not; empty: allowed.
  using CheckHost = std::function<std::string_view(std::string_view host)>;
  /// What goes on in the place of a head that was let through.
  using ChangeHead = std::function<std::string(std::string_view head)>;
  /// `port`: of the connection; a Host may name it. No `change`: heads go on as they are.
  HttpRequests(std::uint16_t port, CheckHost check, ChangeHead change = {});

  /// Appends to `out` what may go on to the server. False: refused() says why, and nothing more may
  /// go on.
  bool feed(std::string_view bytes, std::string& out);
  std::string_view refused() const { return refused_; }
  /// Of the last request; empty before the first.
  const std::string& host() const { return host_; }

 private:
  enum class State { kHead, kBody, kChunkSize, kChunk, kChunkEnd, kTrailer };

  bool take_line(std::string_view& bytes);
  bool finish_head();
  bool read_request_line(std::string_view line);
  bool read_field(std::string_view line);
  bool read_host(std::string_view value);
  bool read_chunk_size(std::string_view line);
  bool refuse(std::string_view why);
  void pass(std::string_view& bytes, std::string& out);

  std::uint16_t port_;
  CheckHost check_;
  ChangeHead change_;
  State state_ = State::kHead;
  std::string line_;  ///< without its end, as far as it came
  std::string head_;  ///< held until it is whole
  std::string_view refused_;
  std::string host_;

  // Of the request whose head is read.
  bool has_request_line_ = false;
  std::string target_host_;  ///< of an absolute target
  std::string host_field_;
  bool has_host_ = false;
  bool has_length_ = false;
  bool is_chunked_ = false;
  bool is_old_ = false;     ///< HTTP/1.0
  std::uint64_t left_ = 0;  ///< of the body or chunk
};

}  // namespace pyro::gate
