#include "gateway/cli/commands/workspace/shells/keys.h"

#include <algorithm>

#include "common/base/text.h"

namespace pyro::cli {

Keys::Typed Keys::take(std::string_view bytes) {
  Typed typed;
  const std::size_t end = bytes.find(kDetach);
  typed.detach = end != std::string_view::npos;
  held_.append(bytes.substr(0, end));
  // The bus carries text, which has none: Ctrl-Space is lost.
  std::erase(held_, '\0');
  const std::size_t whole = typed.detach ? held_.size() : whole_characters(held_);
  typed.input = to_valid_utf8(std::string_view(held_).substr(0, whole));
  held_.erase(0, whole);
  return typed;
}

}  // namespace pyro::cli
