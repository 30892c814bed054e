#include "services/files/patch_source.h"

#include <fcntl.h>
#include <fmt/core.h>
#include <unistd.h>

#include "common/base/error.h"
#include "services/files/empty_repository.h"
#include "services/files/git_names.h"
#include "services/files/scratch_file.h"

namespace pyro::files {
namespace {

constexpr std::size_t kBufferBytes = 256U << 10U;

std::string reference(PatchForm form, PatchSource::State state) {
  return fmt::format("refs/heads/{}-{}", static_cast<int>(form),
                     state == PatchSource::State::kBefore ? "before" : "after");
}

}  // namespace

PatchSource::PatchSource(const Git& git) : git_(git), repository_(git.directory() / "repository") {
  make_empty_repository(repository_);
  write_scratch_file(git.directory() / "binary", "* -diff\n");
  stream_ = open_file(git.directory() / "stream", O_RDWR | O_CREAT | O_EXCL);
}

std::uint64_t PatchSource::keep(std::string_view content) {
  ++count_;
  kept_bytes_ += content.size();
  write(fmt::format("blob\nmark :{}\ndata {}\n", count_, content.size()));
  write(content);
  write("\n");
  return count_;
}

void PatchSource::put(PatchForm form, State state, std::string_view path, unsigned git_mode,
                      std::uint64_t content) {
  states_[form][state] +=
      fmt::format("M {:06o} :{} {}\n", git_mode, content, quote_name_always(path));
}

std::map<PatchForm, std::filesystem::path> PatchSource::make_patches() {
  std::map<PatchForm, std::filesystem::path> patches;
  if (states_.empty()) return patches;
  write_states();
  if (::lseek(stream_.get(), 0, SEEK_SET) != 0) throw system_error("lseek");
  const std::string repository = "--git-dir=" + repository_.string();
  // The pack is read once by the next commands: no time goes into making it small.
  git_.run_checked(
      {.arguments = {repository, "-c", "fastimport.unpackLimit=0", "-c", "pack.compression=0",
                     "fast-import", "--quiet", "--done", "--depth=0"},
       .input = stream_.get()});
  for (const auto& [form, states] : states_) {
    const auto patch = git_.directory() / fmt::format("{}.patch", static_cast<int>(form));
    std::vector<std::string> arguments{repository, "-c", "core.looseCompression=6"};
    if (form != PatchForm::kText) {
      arguments.insert(arguments.end(),
                       {"-c", "core.attributesFile=" + (git_.directory() / "binary").string()});
    }
    arguments.insert(arguments.end(), {"diff-tree", "-r", "-p", "--full-index", "--binary",
                                       "--no-renames", "--no-ext-diff", "--no-textconv"});
    if (form == PatchForm::kText) arguments.emplace_back("--text");
    arguments.insert(arguments.end(),
                     {"--output=" + patch.string(), reference(form, State::kBefore),
                      reference(form, State::kAfter)});
    git_.run_checked({.arguments = std::move(arguments)});
    patches[form] = patch;
  }
  return patches;
}

void PatchSource::write_states() {
  for (auto& [form, states] : states_) {
    for (const State state : {State::kBefore, State::kAfter}) {
      write(fmt::format("commit {}\ncommitter x <x> 0 +0000\ndata 0\n", reference(form, state)));
      write(states[state]);
      write("\n");
    }
  }
  write("done\n");
  flush();
}

void PatchSource::write(std::string_view data) {
  if (buffer_.size() + data.size() > kBufferBytes) flush();
  if (data.size() > kBufferBytes) {
    write_all(stream_.get(), data);
  } else {
    buffer_ += data;
  }
}

void PatchSource::flush() {
  write_all(stream_.get(), buffer_);
  buffer_.clear();
}

}  // namespace pyro::files
