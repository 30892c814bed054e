#include "services/files/disk/question.h"

#include <algorithm>
#include <bit>
#include <cstring>
#include <utility>

#include "common/api/message_table.h"
#include "common/api/msgpack_codec.h"
#include "common/base/error.h"
#include "common/tree/stream.h"
#include "services/files/file_replies.h"

namespace pyro::files {
namespace {

static_assert(std::endian::native == std::endian::little);
using Length = std::uint32_t;
constexpr Length kMostHead = 4096;

/// Takes what the question asks for, and no more.
class Received : public tree::Sink {
 public:
  Received(DiskAnswer& answer, const DiskQuestion& question)
      : answer_(answer), question_(question) {}

  void entry(const tree::Entry& entry) override {
    if (entry.path.empty() != answer_.entries.empty()) throw invalid_argument("a tree without top");
    name_bytes_ += entry.path.size() + entry.link_target.size();
    if (answer_.entries.size() > most_entries() || name_bytes_ > kListNameBytes) {
      throw invalid_argument("more entries than were asked for");
    }
    answer_.entries.push_back(entry);
  }
  void data(std::string_view bytes) override {
    if (question_.task != DiskTask::kRead ||
        bytes.size() > question_.max_bytes - answer_.content.size()) {
      throw invalid_argument("more content than was asked for");
    }
    answer_.content += bytes;
  }
  void end_file() override {}

 private:
  std::size_t most_entries() const { return question_.task == DiskTask::kList ? kListEntries : 0; }

  DiskAnswer& answer_;
  const DiskQuestion& question_;
  std::size_t name_bytes_ = 0;
};

}  // namespace

std::string encoded(const DiskAnswer& answer) {
  const std::string head = api::to_msgpack(answer);
  const auto length = static_cast<Length>(head.size());
  std::string bytes(reinterpret_cast<const char*>(&length), sizeof length);
  bytes += head;
  tree::Encoder encoder([&bytes](std::string_view record) { bytes += record; });
  for (const auto& entry : answer.entries) {
    encoder.entry(entry);
    if (entry.path.empty() && !answer.content.empty()) {
      encoder.data(answer.content);
      encoder.end_file();
    }
  }
  encoder.done();
  return bytes;
}

DiskAnswer decoded(std::string_view bytes, const DiskQuestion& question) {
  Length length = 0;
  if (bytes.size() < sizeof length) throw invalid_argument("an answer without a beginning");
  std::memcpy(&length, bytes.data(), sizeof length);
  bytes.remove_prefix(sizeof length);
  if (length > kMostHead || length > bytes.size()) throw invalid_argument("a head of {}", length);
  auto answer = api::from_msgpack<DiskAnswer>(bytes.substr(0, length), api::UnknownFields::kRefuse);
  Received received(answer, question);
  tree::Decoder decoder(received);
  decoder.feed(bytes.substr(length));
  const bool done = answer.outcome == DiskOutcome::kDone;
  if (!decoder.done() || done == answer.entries.empty()) throw invalid_argument("half an answer");
  return answer;
}

}  // namespace pyro::files

PYRO_TABLE(pyro::files::DiskQuestion)
PYRO_TABLE(pyro::files::DiskAnswer)
