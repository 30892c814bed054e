#include "services/files/file_replies.h"

#include <algorithm>
#include <utility>

#include "common/base/base64.h"
#include "common/base/text.h"
#include "services/files/artifact.h"

namespace pyro::files {
namespace {

api::FileEntry file_entry(const std::string& top, const tree::Entry& entry) {
  const bool is_file = entry.kind == tree::EntryKind::kFile;
  api::FileEntry shown{
      .path = to_valid_utf8(entry.path.empty() ? top : (top == "/" ? top : top + '/') + entry.path),
      .artifact_type = artifact_type(entry.kind),
      .size_bytes = is_file ? entry.size : 0};
  if (entry.kind == tree::EntryKind::kSymlink) shown.link_target = to_valid_utf8(entry.link_target);
  return shown;
}

/// So that the next page begins with one, unless this one is too small for any.
void end_with_whole_character(api::FileContent& page) {
  const std::size_t whole = whole_characters(page.content);
  if (whole > 0) page.content.resize(whole);
  page.next_offset = page.offset + page.content.size();
}

/// Bytes that hardly any text has, in whatever encoding.
bool is_control(char byte) {
  return (byte >= 0 && byte < 0x20 &&
          std::string_view("\b\t\n\v\f\r\x1b").find(byte) == std::string_view::npos) ||
         byte == 0x7F;
}

/// A zero is what git goes by. Of compressed data a tenth are control characters.
bool is_binary(std::string_view content) {
  if (content.find('\0') != std::string_view::npos) return true;
  constexpr std::ptrdiff_t kOneIn = 20;
  const auto controls = std::count_if(content.begin(), content.end(), is_control);
  return invalid_bytes(content) > 0 && controls * kOneIn > std::ssize(content);
}

/// Of a page that is to be text.
void tell_encoding(api::FileContent& page) {
  if (is_binary(page.content)) {
    page.encoding = api::FileEncoding::kBinary;
    page.content.clear();
    // No later page of it is worth a call.
    page.truncated = false;
    page.next_offset.reset();
  } else if (invalid_bytes(page.content) > 0) {
    page.encoding = api::FileEncoding::kNotUtf8;
  }
}

}  // namespace

api::FileList list_reply(const std::string& path, std::vector<tree::Entry> entries,
                         std::uint32_t offset) {
  const bool is_directory = entries.front().kind == tree::EntryKind::kDirectory;
  api::FileList reply{.path = to_valid_utf8(path),
                      .artifact_type = artifact_type(entries.front().kind)};
  std::sort(entries.begin(), entries.end(),
            [](const tree::Entry& a, const tree::Entry& b) { return a.path < b.path; });
  // The top, which sorts first, is no entry of itself.
  if (is_directory) entries.erase(entries.begin());
  reply.count = static_cast<std::uint32_t>(entries.size());
  for (std::size_t i = offset; i < entries.size(); ++i) {
    reply.entries.push_back(file_entry(path, entries[i]));
  }
  return reply;
}

PageWindow::PageWindow(const api::ReadFile& request, std::shared_ptr<const Redactor> redactor)
    : request_(request),
      redactor_(std::move(redactor)),
      offset_(request.offset),
      max_bytes_(request.max_bytes) {
  if (redactor_ == nullptr) return;
  offset_ -= std::min<std::uint64_t>(offset_, kLongestSecretForm);
  max_bytes_ += before() + kLongestSecretForm;
}

api::FileContent PageWindow::reply(const std::string& path, std::uint64_t size_bytes,
                                   std::string_view content) const {
  const bool within = request_.offset <= size_bytes;
  const std::size_t begin = std::min(before(), content.size());
  api::FileContent page{
      .path = to_valid_utf8(path),
      .offset = request_.offset,
      .size_bytes = size_bytes,
      .max_bytes = request_.max_bytes,
      .encoding = request_.as_base64 ? api::FileEncoding::kBase64 : api::FileEncoding::kUtf8,
      .content = std::string(content.substr(begin, request_.max_bytes))};
  page.truncated = within && page.content.size() < size_bytes - request_.offset;
  if (page.truncated && request_.as_base64) {
    page.next_offset = request_.offset + page.content.size();
  } else if (page.truncated) {
    end_with_whole_character(page);
  }
  const std::size_t end = begin + page.content.size();
  if (!request_.as_base64) tell_encoding(page);
  if (page.encoding == api::FileEncoding::kBinary) return page;
  if (redactor_) page.content = redactor_->redact_part(content, begin, end);
  if (request_.as_base64) page.content = to_base64(page.content);
  return page;
}

}  // namespace pyro::files
