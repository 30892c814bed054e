#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace pyro::gate {

/// Reads the server's name from the start of a TLS connection, in pieces of any length.
class ClientHelloReader {
 public:
  enum class State {
    kMore,    ///< give it more
    kName,    ///< server_name() is it
    kNoName,  ///< TLS, but with no server_name
    kNotTls,  ///< no TLS, or one with a ClientHello that is malformed or ambiguous
  };
  /// The longest hello that is read. Those of browsers have 2 KiB, with keys of new kinds.
  static constexpr std::size_t kMostBytes = 32U << 10U;

  State feed(std::string_view bytes);
  State state() const { return state_; }
  /// How many of the bytes it was given come after the hello's last record.
  std::size_t left_over() const { return records_.size(); }
  /// In lower case, as host_name_of has it.
  const std::string& server_name() const { return name_; }

 private:
  State take_records();
  State read_hello(std::string_view body);
  State read_extensions(std::string_view extensions);
  State read_server_name(std::string_view list);

  State state_ = State::kMore;
  std::string records_;    ///< bytes of a record that is not whole
  std::string handshake_;  ///< of whole records
  std::string name_;
};

}  // namespace pyro::gate
