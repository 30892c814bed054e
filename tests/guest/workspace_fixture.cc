#include "tests/guest/workspace_fixture.h"

#include <fstream>
#include <thread>

#include "common/api/machine.h"
#include "common/api/workspace.h"
#include "common/api/workspace_commands.h"
#include "common/api/workspace_files.h"
#include "common/api/workspace_snapshots.h"
#include "common/base/base64.h"

namespace pyro::test {

namespace fs = std::filesystem;

api::Workspace WorkspaceFixture::create(const std::optional<fs::path>& seed) {
  api::CreateWorkspace request{.environment = kEnvironment};
  if (seed) request.seed_path = seed->string();
  return call(request);
}

api::WorkspaceExecResult WorkspaceFixture::run(const std::string& id, const std::string& command,
                                               std::uint32_t timeout_seconds) {
  return call(api::ExecWorkspace{
      .workspace_id = id, .command = command, .timeout_seconds = timeout_seconds});
}

std::string WorkspaceFixture::output_of(const std::string& id, const std::string& command) {
  const auto result = run(id, command);
  EXPECT_EQ(result.exit_code, 0) << command << "\n" << result.stderr_text;
  return result.stdout_text;
}

std::string WorkspaceFixture::read(const std::string& id, const std::string& path) {
  const auto read = call(api::ReadFile{
      .workspace_id = id, .path = path, .max_bytes = api::kFileLimit, .as_base64 = true});
  return from_base64(read.content).value();
}

void WorkspaceFixture::write(const std::string& id, const std::string& path,
                             const std::string& text) {
  call(api::WriteFile{.workspace_id = id, .path = path, .text = text});
}

api::Diff WorkspaceFixture::diff(const std::string& id) {
  return call(api::DiffWorkspace{.workspace_id = id});
}

api::Workspace WorkspaceFixture::reset(const std::string& id, const std::string& snapshot) {
  return call(api::ResetWorkspace{.workspace_id = id, .snapshot = snapshot});
}

void WorkspaceFixture::snapshot(const std::string& id, const std::string& name) {
  call(api::CreateSnapshot{.workspace_id = id, .snapshot_name = name});
}

api::Workspace WorkspaceFixture::status(const std::string& id) {
  return call(api::WorkspaceStatus{.workspace_id = id});
}

api::Workspace WorkspaceFixture::wait_for_stopped(const std::string& id) {
  const Deadline deadline = Clock::now() + std::chrono::minutes(1);
  while (true) {
    const auto now = status(id);
    if (now.state == api::WorkspaceState::kStopped || Clock::now() > deadline) return now;
    std::this_thread::yield();
  }
}

void WorkspaceFixture::put(const fs::path& file, const std::string& content) {
  fs::create_directories(file.parent_path());
  std::ofstream(file, std::ios::binary) << content;
}

fs::path WorkspaceFixture::small_seed() {
  const fs::path seed = directory_.path() / "seed";
  put(seed / "README.md", "# Project\n\nA line.\n");
  put(seed / "src/main.py", "print('hello')\n");
  put(seed / "data.bin", std::string("\0\xff\x01 binary", 10));
  fs::create_directories(seed / "empty");
  fs::create_symlink("src/main.py", seed / "link");
  fs::permissions(seed / "src/main.py", fs::perms(0755));
  return seed;
}

std::size_t WorkspaceFixture::machine_count() {
  return call(api::ListWorkspaceMachines{}).machines.size();
}

bool WorkspaceFixture::wait_for_machines(std::size_t count) {
  const Deadline deadline = Clock::now() + std::chrono::minutes(1);
  while (machine_count() != count) {
    if (Clock::now() > deadline) return false;
    std::this_thread::yield();
  }
  return true;
}

}  // namespace pyro::test
