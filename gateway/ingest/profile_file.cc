#include <algorithm>
#include <filesystem>
#include <fstream>
#include <system_error>

#include "gateway/ingest/profile.h"
#include "gateway/yaml/fields.h"
#include "gateway/yaml/yaml.h"

namespace gateway::ingest {
namespace {

constexpr std::size_t kProfilesMax = 64;

void ReadPayload(const yaml::Node& node, ProfileSpec& spec, Status& error) {
  yaml::Fields payload(node, "payload", error);
  if (payload.Has("number")) spec.number = payload.Bool("number");
  if (payload.Has("json")) {
    spec.json.emplace();
    if (const yaml::Node* child = payload.Child("json"); child != nullptr) {
      yaml::Fields json(*child, "json", error);
      spec.json->value = json.Text("value");
      if (json.Has("unit")) spec.json->unit = json.Text("unit");
      if (json.Has("time")) spec.json->time = json.Text("time");
      json.Finish();
    }
  }
  payload.Finish();
}

StatusOr<ProfileSpec> ReadSpec(std::string_view text) {
  ASSIGN_OR_RETURN(const yaml::Node root, yaml::Parse(text));
  Status error;
  ProfileSpec spec;
  yaml::Fields fields(root, "profile", error);
  fields.OneOf("schema", {"commons-profile/1"});
  spec.id = fields.Text("id");
  spec.topic = fields.Text("topic");
  if (const yaml::Node* payload = fields.Child("payload"); payload != nullptr) {
    ReadPayload(*payload, spec, error);
  }
  fields.OneOf("stamp", {"start"});
  fields.Finish();
  RETURN_IF_ERROR(error);
  return spec;
}

}  // namespace

StatusOr<Profile> Profile::Parse(std::string_view text, std::string_view name) {
  StatusOr<ProfileSpec> spec = ReadSpec(text);
  if (!spec.ok()) return Annotate(spec.status(), name);
  StatusOr<Profile> profile = Make(*std::move(spec));
  if (!profile.ok()) return Annotate(profile.status(), name);
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
  if (files.empty() || files.size() > kProfilesMax) {
    return NotFound("profiles: directory %s holds %d files *.yaml, expected 1 to %d", directory,
                    files.size(), kProfilesMax);
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

}  // namespace gateway::ingest
