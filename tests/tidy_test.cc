// The rules of style that are tests: which module may include what, which library lives where,
// which words are banned. Reads the source tree as text; knows no other test.
#include <algorithm>
#include <filesystem>
#include <fstream>
#include <functional>
#include <map>
#include <regex>
#include <set>
#include <sstream>
#include <string>
#include <string_view>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace {

namespace fs = std::filesystem;
using ::testing::IsEmpty;

struct SourceFile {
  std::string path;  // relative to the source tree
  std::vector<std::string> lines;
  std::string module() const {  // "store" of "gateway/store/journal.cc"; "" outside gateway/
    if (!path.starts_with("gateway/")) return "";
    const std::size_t slash = path.find('/', 8);
    return slash == std::string::npos ? "" : path.substr(8, slash - 8);
  }
};

// ---- The include table of docs/architecture.md §5. ----

// Which modules a module may include, besides itself.
const std::map<std::string, std::set<std::string>>& ModuleTable() {
  static const auto* table = new std::map<std::string, std::set<std::string>>{
      {"base", {}},
      {"model", {"base"}},
      {"port", {"base", "model"}},
      {"yaml", {"base"}},
      {"crypto", {"base"}},
      {"policy", {"base", "model", "yaml", "crypto"}},
      {"privacy", {"base", "model"}},
      {"store", {"base", "model", "crypto"}},
      {"proof", {"base", "model", "crypto"}},
      {"ledger", {"base", "crypto", "proof", "store"}},
      {"backup", {"base", "model", "crypto"}},
      {"pipeline",
       {"base", "model", "port", "crypto", "policy", "privacy", "store", "proof", "ledger",
        "backup"}},
      {"ingest", {"base", "model", "port", "yaml"}},
      {"federation", {"base", "model", "crypto", "proof", "policy", "port"}},
      {"admin", {"base", "model", "port"}},
      {"portal", {"base", "model", "port"}},
      {"daemon",
       {"base", "model", "port", "yaml", "crypto", "policy", "privacy", "store", "proof", "ledger",
        "backup", "pipeline", "ingest", "federation", "admin", "portal"}},
      {"cli",
       {"base", "model", "port", "crypto", "proof", "yaml", "policy", "federation", "backup",
        "ingest"}},
  };
  return *table;
}

struct Library {
  std::string_view header_prefix;
  std::set<std::string> modules;
};

// Where the headers of a third party may appear. The first prefix that matches decides.
const std::vector<Library>& LibraryTable() {
  static const auto* table = new std::vector<Library>{
      {"absl/time/", {"model"}},
      {"absl/strings/str_format.h", {"base", "model"}},
      {"absl/", {"base"}},
      {"sodium", {"crypto"}},
      {"openssl/", {"crypto"}},
      {"rocksdb/", {"store"}},
      {"zstd", {"store"}},
      {"yaml-cpp/", {"yaml"}},
      {"mqtt/", {"ingest"}},
      {"MQTT", {"ingest"}},
      {"simdjson", {"ingest"}},
      {"grpc", {"admin", "cli", "federation"}},
      {"commons/v1/admin.", {"admin", "cli"}},  // messages and stubs of the operator's service
      {"commons/v1/federation.", {"federation", "cli"}},
      {"commons/v1/", {"policy", "proof", "ledger", "cli", "federation", "admin"}},
      {"google/protobuf/", {"policy", "proof", "ledger", "cli", "federation", "admin"}},
      {"CLI/", {"cli"}},
      {"nlohmann/", {"cli", "portal"}},
      {"httplib", {"portal"}},
      {"prometheus/", {"daemon"}},
      {"systemd/", {"daemon"}},
  };
  return *table;
}

struct BannedWord {
  std::string_view word;
  std::set<std::string> allowed_in;  // paths, or folders that end in '/'
  std::string_view instead;
};

const std::vector<BannedWord>& BannedWords() {
  static const auto* words = new std::vector<BannedWord>{
      {"absl::Mutex", {}, "gateway/base/mutex.h: ThreadSanitizer cannot see into Debian's Abseil"},
      {"absl::string_view", {"gateway/base/"}, "std::string_view: the two do not convert"},
      {"sleep_for", {}, "a condition variable with a deadline"},
      {"sleep_until", {}, "a condition variable with a deadline"},
      {"system_clock::now", {"gateway/base/"}, "gateway/base/clock.h"},
      {"using namespace", {}, "the full name"},
      {"TODO", {}, "an issue"},
      {"FIXME", {}, "an issue"},
      {"XXX", {}, "an issue"},
      {"std::cout", {"gateway/cli/"}, "gateway/base/log.h"},
      {"std::cerr", {"gateway/cli/"}, "gateway/base/log.h"},
  };
  return *words;
}

constexpr std::size_t kFileLinesMax = 400;

// ---- Reading the tree. ----

const fs::path& Root() {
  static const auto* root = new fs::path(GATEWAY_SOURCE_DIR);
  return *root;
}

bool IsOurs(const fs::path& relative) {
  const std::string top = relative.begin()->string();
  return top != "build" && top != ".git" && top != ".pytest_cache";
}

std::vector<SourceFile> FilesUnder(const std::string& folder,
                                   const std::set<std::string>& extensions) {
  std::vector<SourceFile> files;
  for (auto it = fs::recursive_directory_iterator(Root() / folder); it != fs::end(it); ++it) {
    const fs::path relative = fs::relative(it->path(), Root());
    if (!IsOurs(relative)) {
      it.disable_recursion_pending();
      continue;
    }
    if (!it->is_regular_file() || !extensions.contains(it->path().extension().string())) continue;
    SourceFile file{.path = relative.generic_string(), .lines = {}};
    std::ifstream in(it->path());
    for (std::string line; std::getline(in, line);) file.lines.push_back(line);
    files.push_back(std::move(file));
  }
  std::sort(files.begin(), files.end(),
            [](const SourceFile& a, const SourceFile& b) { return a.path < b.path; });
  return files;
}

std::vector<SourceFile> GatewaySources() { return FilesUnder("gateway", {".h", ".cc"}); }

std::string At(const SourceFile& file, std::size_t line) {
  return file.path + ":" + std::to_string(line + 1) + ": ";
}

// The header that a line includes, or "".
std::string IncludedHeader(const std::string& line) {
  static const std::regex pattern(R"rx(^\s*#\s*include\s*[<"]([^>"]+)[>"])rx");
  std::smatch match;
  return std::regex_search(line, match, pattern) ? match[1].str() : "";
}

// The line without its comment, so that prose may name what code may not use.
std::string_view CodeOf(std::string_view line) {
  const std::size_t comment = line.find("//");
  return comment == std::string_view::npos ? line : line.substr(0, comment);
}

// ---- The rules as functions from a file to complaints, so that they can be shown to bite. ----

std::vector<std::string> IncludeComplaints(const SourceFile& file) {
  std::vector<std::string> complaints;
  const std::string module = file.module();
  const auto row = ModuleTable().find(module);
  if (row == ModuleTable().end()) return {file.path + ": no such module in the table"};
  for (std::size_t i = 0; i < file.lines.size(); ++i) {
    const std::string header = IncludedHeader(file.lines[i]);
    if (header.empty()) continue;
    if (header.starts_with("gateway/")) {
      const std::string target = SourceFile{.path = header, .lines = {}}.module();
      if (target != module && !row->second.contains(target)) {
        complaints.push_back(At(file, i) + module + " may not include " + header);
      }
      continue;
    }
    for (const Library& library : LibraryTable()) {
      if (!header.starts_with(library.header_prefix)) continue;
      if (!library.modules.contains(module)) {
        complaints.push_back(At(file, i) + module + " may not use " + header);
      }
      break;
    }
  }
  return complaints;
}

std::vector<std::string> WordComplaints(const SourceFile& file) {
  std::vector<std::string> complaints;
  for (std::size_t i = 0; i < file.lines.size(); ++i) {
    for (const BannedWord& banned : BannedWords()) {
      // A promise is banned in comments as well.
      const bool promise = banned.instead == "an issue";
      const std::string_view text =
          promise ? std::string_view(file.lines[i]) : CodeOf(file.lines[i]);
      if (text.find(banned.word) == std::string_view::npos) continue;
      const bool allowed =
          std::any_of(banned.allowed_in.begin(), banned.allowed_in.end(),
                      [&](const std::string& place) { return file.path.starts_with(place); });
      if (allowed) continue;
      complaints.push_back(At(file, i) + std::string(banned.word) + " is banned: use " +
                           std::string(banned.instead));
    }
  }
  return complaints;
}

std::vector<std::string> HeaderComplaints(const SourceFile& file) {
  std::vector<std::string> complaints;
  if (!file.path.ends_with(".h")) return complaints;
  if (file.lines.empty() || !file.lines[0].starts_with("// ")) {
    complaints.push_back(file.path + ": a header begins with a comment that says what it promises");
  }
  if (std::find(file.lines.begin(), file.lines.end(), "#pragma once") == file.lines.end()) {
    complaints.push_back(file.path + ": no #pragma once");
  }
  return complaints;
}

std::vector<std::string> LinkComplaints(const SourceFile& file,
                                        const std::function<bool(const fs::path&)>& exists) {
  static const std::regex pattern(R"(\]\(([^)\s]+)\))");
  std::vector<std::string> complaints;
  for (std::size_t i = 0; i < file.lines.size(); ++i) {
    const std::string& line = file.lines[i];
    for (auto it = std::sregex_iterator(line.begin(), line.end(), pattern);
         it != std::sregex_iterator(); ++it) {
      std::string target = (*it)[1].str();
      if (target.find("://") != std::string::npos || target.starts_with("mailto:")) continue;
      target = target.substr(0, target.find('#'));
      if (target.empty()) continue;
      if (!exists(fs::path(file.path).parent_path() / target)) {
        complaints.push_back(At(file, i) + "the link leads nowhere: " + target);
      }
    }
  }
  return complaints;
}

template <typename Rule>
std::vector<std::string> Collect(const std::vector<SourceFile>& files, Rule rule) {
  std::vector<std::string> complaints;
  for (const SourceFile& file : files) {
    for (std::string& complaint : rule(file)) complaints.push_back(std::move(complaint));
  }
  return complaints;
}

// ---- The tree keeps the rules. ----

TEST(TidyTest, EveryIncludeFollowsTheTableOfModules) {
  EXPECT_THAT(Collect(GatewaySources(), IncludeComplaints), IsEmpty());
}

TEST(TidyTest, NoSourceUsesABannedWord) {
  EXPECT_THAT(Collect(GatewaySources(), WordComplaints), IsEmpty());
}

TEST(TidyTest, EveryHeaderIsGuardedAndBeginsWithItsPromise) {
  EXPECT_THAT(Collect(GatewaySources(), HeaderComplaints), IsEmpty());
}

TEST(TidyTest, EverySourceIsListedInTheCMakeFileOfItsFolder) {
  std::vector<std::string> complaints;
  for (const char* const top : {"gateway", "tests"}) {
    for (const SourceFile& file : FilesUnder(top, {".cc"})) {
      // The list is in the file's folder or in one above it, with the path from there.
      bool listed = false;
      for (fs::path folder = fs::path(file.path).parent_path(); !folder.empty() && !listed;
           folder = folder.parent_path()) {
        std::ifstream in(Root() / folder / "CMakeLists.txt");
        std::stringstream text;
        text << in.rdbuf();
        const std::string name = fs::relative(file.path, folder).generic_string();
        const std::regex word(R"((^|[\s(;"]))" +
                              std::regex_replace(name, std::regex(R"(\.)"), "\\.") +
                              R"(($|[\s);"]))");
        listed = std::regex_search(text.str(), word);
      }
      if (!listed) complaints.push_back(file.path + ": in no CMakeLists.txt");
    }
  }
  EXPECT_THAT(complaints, IsEmpty());
}

TEST(TidyTest, NoSourceIsLongerThanAReaderCanHold) {
  std::vector<std::string> complaints;
  for (const SourceFile& file : GatewaySources()) {
    if (file.lines.size() > kFileLinesMax) {
      complaints.push_back(file.path + ": " + std::to_string(file.lines.size()) + " lines, limit " +
                           std::to_string(kFileLinesMax) + ": split it");
    }
  }
  EXPECT_THAT(complaints, IsEmpty());
}

TEST(TidyTest, EveryRelativeLinkOfThePagesResolves) {
  const auto exists = [](const fs::path& path) { return fs::exists(Root() / path); };
  EXPECT_THAT(Collect(FilesUnder(".", {".md"}),
                      [&](const SourceFile& file) { return LinkComplaints(file, exists); }),
              IsEmpty());
}

// ---- The rules bite. ----

TEST(TidyRulesTest, RefuseAnArrowThatIsNotInTheTable) {
  const SourceFile file{.path = "gateway/federation/server.cc",
                        .lines = {"#include \"gateway/store/journal.h\""}};
  EXPECT_EQ(IncludeComplaints(file).size(), 1u);
}

TEST(TidyRulesTest, RefuseALibraryOutsideItsModule) {
  const SourceFile file{
      .path = "gateway/policy/rules.cc",
      .lines = {"#include <sodium.h>", "#include <grpcpp/grpcpp.h>",
                "#include \"commons/v1/admin.grpc.pb.h\"", "#include \"commons/v1/consent.pb.h\""}};
  EXPECT_EQ(IncludeComplaints(file).size(), 3u);
}

TEST(TidyRulesTest, RefuseAModuleThatNobodyPlanned) {
  const SourceFile file{.path = "gateway/util/helper.h", .lines = {}};
  EXPECT_EQ(IncludeComplaints(file).size(), 1u);
}

TEST(TidyRulesTest, RefuseBannedWordsInCodeAndPromisesEverywhere) {
  const SourceFile file{.path = "gateway/store/database.cc",
                        .lines = {"absl::Mutex mutex;", "// absl::Mutex would lie to TSan",
                                  "// TO"
                                  "DO later",
                                  "absl::string_view view;"}};
  EXPECT_EQ(WordComplaints(file).size(), 3u);
}

TEST(TidyRulesTest, RefuseAHeaderWithoutCommentOrGuard) {
  const SourceFile file{.path = "gateway/store/x.h", .lines = {"#include <string>"}};
  EXPECT_EQ(HeaderComplaints(file).size(), 2u);
}

TEST(TidyRulesTest, RefuseALinkThatLeadsNowhere) {
  const SourceFile file{.path = "docs/a.md",
                        .lines = {"[a](b.md#top) [web](https://example.org/x) [self](#here)"}};
  const auto nothing = [](const fs::path&) { return false; };
  EXPECT_EQ(LinkComplaints(file, nothing).size(), 1u);
}

}  // namespace
