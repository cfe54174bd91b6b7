#include <algorithm>
#include <filesystem>
#include <fstream>
#include <system_error>

#include "gateway/ingest/profile.h"
#include "gateway/ingest/profile_reader.h"
#include "gateway/model/ids.h"
#include "gateway/model/limits.h"
#include "gateway/yaml/yaml.h"

namespace gateway::ingest {

StatusOr<Profile> Profile::Parse(std::string_view text, std::string_view name) {
  StatusOr<yaml::Node> root = yaml::Parse(text);
  if (!root.ok()) return Annotate(root.status(), name);
  Profile profile;
  ProfileReader reader(profile);
  reader.Read(*root);
  if (!reader.error().ok()) return Annotate(reader.error(), name);
  return profile;
}

StatusOr<std::vector<Profile>> LoadProfiles(const std::string& directory) {
  std::vector<std::filesystem::path> files;
  std::error_code failure;
  std::filesystem::directory_iterator entry(directory, failure);
  for (; !failure && entry != std::filesystem::directory_iterator(); entry.increment(failure)) {
    if (entry->path().extension() == ".yaml") files.push_back(entry->path());
  }
  if (failure) {
    return NotFound("profiles: directory %s cannot be read: %s", directory, failure.message());
  }
  if (files.empty() || files.size() > limits::kProfilesMax) {
    return NotFound("profiles: directory %s holds %d files *.yaml, expected 1 to %d", directory,
                    files.size(), limits::kProfilesMax);
  }
  std::sort(files.begin(), files.end());

  std::vector<Profile> profiles;
  for (const std::filesystem::path& path : files) {
    std::ifstream file(path, std::ios::binary);
    std::string text(yaml::kYamlBytesMax + 1, '\0');  // One more, so that the parser refuses it.
    file.read(text.data(), static_cast<std::streamsize>(text.size()));
    if (!file.is_open() || file.bad()) {
      return NotFound("profiles: file %s cannot be read", path.string());
    }
    text.resize(static_cast<std::size_t>(file.gcount()));
    ASSIGN_OR_RETURN(Profile profile, Profile::Parse(text, path.string()));
    for (const Profile& other : profiles) {
      if (other.id() == profile.id()) {
        return AlreadyExists("profiles: %s has the id \"%s\" of another profile", path.string(),
                             profile.id());
      }
    }
    profiles.push_back(std::move(profile));
  }
  return profiles;
}

StatusOr<std::vector<Profile>> LoadInstalledProfiles() {
  auto installed = LoadProfiles(GATEWAY_PROFILES_INSTALLED);
  if (installed.ok() || installed.status().code() != StatusCode::kNotFound) return installed;
  return LoadProfiles(GATEWAY_PROFILES_DIR);
}

}  // namespace gateway::ingest
