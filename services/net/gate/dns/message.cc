#include "services/net/gate/dns/message.h"

#include <arpa/nameser.h>
#include <resolv.h>

#include <algorithm>
#include <array>
#include <map>
#include <memory>
#include <set>

#include "common/base/text.h"
#include "services/net/gate/setup/netlink.h"

namespace pyro::gate::dns {
namespace {

constexpr std::uint16_t kTypeOpt = 41;
constexpr std::size_t kHeaderBytes = 12;
constexpr std::uint16_t kResponse = 0x8000;
constexpr std::uint16_t kTruncated = 0x0200;
constexpr std::uint16_t kRecursionDesired = 0x0100;
constexpr std::uint16_t kRecursionAvailable = 0x0080;
constexpr int kMostAliases = 16;
constexpr std::size_t kMostAddresses = 64;
/// An answer's time at most, so that names of a changed policy are asked for again.
constexpr std::uint32_t kMostTtl = 3600;

const unsigned char* raw(std::string_view message) {
  return reinterpret_cast<const unsigned char*>(message.data());
}

std::uint16_t number16_at(std::string_view bytes, std::size_t at) {
  return static_cast<std::uint16_t>(static_cast<unsigned char>(bytes[at]) << 8U |
                                    static_cast<unsigned char>(bytes[at + 1]));
}

/// libresolv writes other bytes as `\.` and `\000`. nullopt: there are some.
std::optional<std::string> plain_name(std::string_view text) {
  std::string name(text == "." ? "" : text);
  if (!name.empty() && name.back() == '.') name.pop_back();
  for (char& c : name) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
    const bool plain =
        (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '_' || c == '.';
    if (!plain) return std::nullopt;
  }
  return name;
}

/// A parsed message; it refers to the bytes.
class Message {
 public:
  explicit Message(std::string_view bytes) {
    good_ = bytes.size() <= kMostMessageBytes &&
            ::ns_initparse(raw(bytes), static_cast<int>(bytes.size()), &message_) == 0;
  }
  bool good() const { return good_; }
  int flag(ns_flag which) const { return ns_msg_getflag(message_, which); }
  std::uint16_t id() const { return ns_msg_id(message_); }
  int count(ns_sect section) const { return ns_msg_count(message_, section); }
  bool record(ns_sect section, int at, ns_rr& record) {
    return ::ns_parserr(&message_, section, at, &record) == 0;
  }
  std::optional<std::string> target(const ns_rr& record) const {
    std::array<char, NS_MAXDNAME> text{};
    if (::dn_expand(ns_msg_base(message_), ns_msg_end(message_), ns_rr_rdata(record), text.data(),
                    text.size()) < 0) {
      return std::nullopt;
    }
    return plain_name(text.data());
  }

 private:
  ns_msg message_{};
  bool good_ = false;
};

std::optional<Address> address_in(const ns_rr& record) {
  const auto type = ns_rr_type(record);
  const std::size_t bytes = type == kTypeA ? 4 : type == kTypeAaaa ? 16 : 0;
  if (bytes == 0 || ns_rr_rdlen(record) != bytes) return std::nullopt;
  return Address::from_bytes({reinterpret_cast<const char*>(ns_rr_rdata(record)), bytes});
}

std::string wire_name(std::string_view name) {
  std::string out;
  if (!name.empty()) {
    for (const auto& label : split(name, '.')) {
      out += static_cast<char>(label.size());
      out += label;
    }
  }
  return out + '\0';
}

std::string header(std::uint16_t id, unsigned flags, std::size_t questions, std::size_t answers,
                   std::size_t additional) {
  return big_endian16(id) + big_endian16(static_cast<std::uint16_t>(flags)) +
         big_endian16(static_cast<std::uint16_t>(questions)) +
         big_endian16(static_cast<std::uint16_t>(answers)) + big_endian16(0) +
         big_endian16(static_cast<std::uint16_t>(additional));
}

std::string question_part(std::string_view name, std::uint16_t type) {
  return wire_name(name) + big_endian16(type) + big_endian16(ns_c_in);
}

std::string edns_part() {
  return std::string(1, '\0') + big_endian16(kTypeOpt) +
         big_endian16(static_cast<std::uint16_t>(kEdnsBytes)) + std::string(6, '\0');
}

std::string response(const Question& question, unsigned flags, Rcode rcode,
                     const std::vector<AddressRecord>& addresses) {
  flags |= kResponse | kRecursionAvailable | static_cast<unsigned>(rcode);
  if (question.recursion) flags |= kRecursionDesired;
  std::string out = header(question.id, flags, 1, addresses.size(), question.has_edns ? 1 : 0) +
                    question_part(question.name, question.type);
  for (const auto& [address, ttl] : addresses) {
    constexpr std::uint16_t kNameOfQuestion = 0xC000 | kHeaderBytes;
    out += big_endian16(kNameOfQuestion);
    out += big_endian16(address.is_v4() ? kTypeA : kTypeAaaa);
    out += big_endian16(ns_c_in);
    out += big_endian32(std::min(ttl, kMostTtl));
    out += big_endian16(static_cast<std::uint16_t>(address.bytes().size()));
    out += address.bytes();
  }
  if (question.has_edns) out += edns_part();
  return out;
}

}  // namespace

std::variant<Question, BadQuestion> read_question(std::string_view bytes) {
  if (bytes.size() < kHeaderBytes) return BadQuestion{};
  const std::uint16_t id = number16_at(bytes, 0);
  // An answer, as from one who wants two gates to answer each other.
  if ((number16_at(bytes, 2) & kResponse) != 0) return BadQuestion{};
  Message message(bytes);
  const BadQuestion malformed{.id = id};
  if (!message.good()) return malformed;
  if (message.flag(ns_f_opcode) != ns_o_query) {
    return BadQuestion{.id = id, .rcode = Rcode::kNotImplemented};
  }
  if (message.count(ns_s_qd) != 1 || message.count(ns_s_an) != 0 || message.count(ns_s_ns) != 0 ||
      message.count(ns_s_ar) > 1) {
    return malformed;
  }
  Question question{.id = id, .recursion = message.flag(ns_f_rd) != 0};
  ns_rr record;
  if (!message.record(ns_s_qd, 0, record) || ns_rr_class(record) != ns_c_in) return malformed;
  const auto name = plain_name(ns_rr_name(record));
  if (!name) return malformed;
  question.name = *name;
  question.type = static_cast<std::uint16_t>(ns_rr_type(record));
  if (message.count(ns_s_ar) == 1) {
    if (!message.record(ns_s_ar, 0, record) || ns_rr_type(record) != kTypeOpt) return malformed;
    question.has_edns = true;
    // Its class is the length of a datagram that the guest takes.
    question.most_answer_bytes =
        std::clamp<std::size_t>(ns_rr_class(record), kPlainBytes, kEdnsBytes);
  }
  return question;
}

std::string write_query(std::uint16_t id, std::string_view name, std::uint16_t type) {
  return header(id, kRecursionDesired, 1, 0, 1) + question_part(name, type) + edns_part();
}

std::optional<Answer> read_answer(std::string_view bytes, std::uint16_t id, std::string_view name,
                                  std::uint16_t type) {
  Message message(bytes);
  if (!message.good() || message.id() != id || message.flag(ns_f_qr) == 0) return std::nullopt;
  ns_rr record;
  if (message.count(ns_s_qd) != 1 || !message.record(ns_s_qd, 0, record) ||
      ns_rr_type(record) != type || ns_rr_class(record) != ns_c_in ||
      plain_name(ns_rr_name(record)) != name) {
    return std::nullopt;
  }
  Answer answer{.rcode = static_cast<Rcode>(message.flag(ns_f_rcode)),
                .truncated = message.flag(ns_f_tc) != 0};
  std::map<std::string, std::string> aliases;
  struct Owned {
    std::string owner;
    AddressRecord record;
  };
  std::vector<Owned> found;
  for (const ns_sect section : {ns_s_an, ns_s_ns, ns_s_ar}) {
    for (int i = 0; i < message.count(section); ++i) {
      if (!message.record(section, i, record)) return std::nullopt;
      if (ns_rr_class(record) != ns_c_in && ns_rr_type(record) != kTypeOpt) continue;
      const auto address = address_in(record);
      if (address) answer.mentioned.push_back(*address);
      if (section != ns_s_an) continue;
      const auto owner = plain_name(ns_rr_name(record));
      if (!owner) continue;
      if (ns_rr_type(record) == ns_t_cname) {
        if (const auto target = message.target(record)) aliases[*owner] = *target;
      } else if (address && ns_rr_type(record) == type) {
        found.push_back({*owner, {*address, ns_rr_ttl(record)}});
      }
    }
  }
  std::set<std::string> names{std::string(name)};
  std::string last(name);
  for (int i = 0; i < kMostAliases && aliases.contains(last); ++i) {
    last = aliases[last];
    if (!names.insert(last).second) break;
  }
  for (auto& [owner, one] : found) {
    if (names.contains(owner) && answer.addresses.size() < kMostAddresses) {
      answer.addresses.push_back(one);
    }
  }
  return answer;
}

std::string write_answer(const Question& question, Rcode rcode,
                         const std::vector<AddressRecord>& addresses) {
  return response(question, 0, rcode, addresses);
}

std::string write_truncated(const Question& question) {
  return response(question, kTruncated, Rcode::kNoError, {});
}

std::string write_error(std::uint16_t id, Rcode rcode) {
  return header(id, kResponse | kRecursionAvailable | static_cast<unsigned>(rcode), 0, 0, 0);
}

std::string readdress(std::string answer, const Question& question) {
  answer.replace(0, 2, big_endian16(question.id));
  return answer;
}

}  // namespace pyro::gate::dns
