#pragma once

#include <algorithm>
#include <cstdint>

#include "common/api/workspace_files.h"
#include "gateway/mcp/tools/results.h"
#include "gateway/mcp/tools/tool_row.h"

namespace pyro::mcp {

/// Of an answer's characters those that a file's content takes.
inline constexpr std::uint64_t kMostContent = 20'000;
/// A third of these bytes in base64, which takes four characters for three.
inline constexpr std::uint64_t kMostBinary = kMostContent / 4 * 3;

inline Json read_defaults(const Setting&) { return {{"max_bytes", 16'384}}; }

/// A part of a file that fits an answer: a page that takes more characters than bytes is asked for
/// again, shorter.
template <api::Operation Op>
api::FileContent read_page(const Caller& caller, const Op& asked) {
  Op request = asked;
  request.max_bytes = std::min(asked.max_bytes, asked.as_base64 ? kMostBinary : kMostContent);
  for (;;) {
    auto page = caller.client.call(request, caller.options);
    const std::uint64_t size = shown_size(page.content);
    if (size <= kMostContent || request.max_bytes == 1) {
      page.max_bytes = asked.max_bytes;
      return page;
    }
    request.max_bytes = std::max<std::uint64_t>(request.max_bytes * kMostContent / size, 1);
  }
}

}  // namespace pyro::mcp
