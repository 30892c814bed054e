#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "services/net/gate/rules/address.h"

/// Messages of DNS (RFC 1035): questions of the guest and answers of the host's resolvers are both
/// hostile. Parsed by libresolv; written here, from checked parts alone.
namespace pyro::gate::dns {

enum class Rcode : std::uint8_t {
  kNoError = 0,
  kFormatError = 1,
  kServerFailure = 2,
  kNameError = 3,
  kNotImplemented = 4,
  kRefused = 5,
};

constexpr std::uint16_t kTypeA = 1;
constexpr std::uint16_t kTypeAaaa = 28;
constexpr std::uint16_t kTypeSvcb = 64;
constexpr std::uint16_t kTypeHttps = 65;
constexpr std::uint16_t kTypeIxfr = 251;
constexpr std::uint16_t kTypeAxfr = 252;

/// Without EDNS (RFC 6891) a datagram holds this much.
constexpr std::size_t kPlainBytes = 512;
constexpr std::size_t kEdnsBytes = 1232;
constexpr std::size_t kMostMessageBytes = 65535;

struct Question {
  std::uint16_t id = 0;
  std::string name;  ///< lower case, without the dot at its end; empty: the root
  std::uint16_t type = 0;
  bool recursion = false;
  bool has_edns = false;
  std::size_t most_answer_bytes = kPlainBytes;  ///< of a datagram

  bool asks_address() const { return type == kTypeA || type == kTypeAaaa; }
};

/// Refused before it is a question.
struct BadQuestion {
  std::optional<std::uint16_t> id;  ///< nullopt: no answer goes back
  Rcode rcode = Rcode::kFormatError;
};

/// One question of class IN, its name of letters, digits, `-` and `_`, and nothing beside it but
/// EDNS.
std::variant<Question, BadQuestion> read_question(std::string_view message);

/// For a resolver: nothing of the guest's message is in it but name and type.
std::string write_query(std::uint16_t id, std::string_view name, std::uint16_t type);

struct AddressRecord {
  Address address;
  std::uint32_t ttl = 0;
};

struct Answer {
  Rcode rcode = Rcode::kNoError;
  bool truncated = false;
  /// Of the question's name, or of the name that it is another for (CNAME).
  std::vector<AddressRecord> addresses;
  /// Every address in the message.
  std::vector<Address> mentioned;
};
/// nullopt: it is no answer to this query.
std::optional<Answer> read_answer(std::string_view message, std::uint16_t id, std::string_view name,
                                  std::uint16_t type);

/// The answer to a question.
std::string write_answer(const Question& question, Rcode rcode,
                         const std::vector<AddressRecord>& addresses = {});
/// Says that the answer does not fit a datagram: the guest asks again by TCP.
std::string write_truncated(const Question& question);
/// To what is no question.
std::string write_error(std::uint16_t id, Rcode rcode);
/// A resolver's answer as the answer to the question.
std::string readdress(std::string answer, const Question& question);

}  // namespace pyro::gate::dns
