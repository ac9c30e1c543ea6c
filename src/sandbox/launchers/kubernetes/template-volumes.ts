import { isJsonObject } from "../../../lib/json.ts";
import type { JsonObject, JsonValue } from "../../../lib/json.ts";
import { OWN_FOLDER, OWN_VOLUME_PREFIX } from "./pod-shape.ts";

/** Kinds of volume that hold no secret and nothing of the node; a CSI volume of a pod's own may be either. */
const KINDS = new Set(["emptyDir", "persistentVolumeClaim", "ephemeral", "configMap", "image"]);
const MOUNT_FIELDS = new Set(["name", "mountPath", "subPath", "readOnly", "recursiveReadOnly"]);
/** Where a volume would stand in the way of sandboxd, or of the kernel's own file systems. */
const CLOSED_FOLDERS = ["/proc", "/sys", "/dev", OWN_FOLDER];
const TAKEN_PATHS = new Set(["/", "/tmp", "/etc", "/var/run", "/run"]);

/** What of a template's volumes can't be used, as sentences. */
export function refusedVolumes(volumes: JsonValue | undefined): readonly string[] {
  if (volumes === undefined) return [];
  if (!isList(volumes)) return ["spec.volumes must be a list."];
  return volumes.flatMap((volume, index) => refusedVolume(volume, `spec.volumes[${index}]`));
}

function refusedVolume(volume: JsonValue, place: string): readonly string[] {
  if (!isJsonObject(volume)) return [`${place} must be an object.`];
  const { name } = volume;
  if (typeof name !== "string") return [`${place}.name must be a text.`];
  if (name.startsWith(OWN_VOLUME_PREFIX)) return [`${place}.name must not begin with ${OWN_VOLUME_PREFIX}.`];
  const kinds = Object.keys(volume).filter((key) => key !== "name");
  return kinds.filter((kind) => !KINDS.has(kind)).map((kind) => `${place}.${kind} is not allowed.`);
}

/** What of a template's mounts can't be used, as sentences. Only the template's own volumes can be mounted. */
export function refusedMounts(
  mounts: JsonValue | undefined,
  volumes: readonly JsonValue[],
): readonly string[] {
  if (mounts === undefined) return [];
  if (!isList(mounts)) return ["spec.containers[0].volumeMounts must be a list."];
  const names = new Set(volumes.filter(isJsonObject).map(({ name }) => name));
  return mounts.flatMap((mount, index) => {
    const place = `spec.containers[0].volumeMounts[${index}]`;
    return isJsonObject(mount) ? refusedMount(mount, place, names) : [`${place} must be an object.`];
  });
}

function refusedMount(
  mount: JsonObject,
  place: string,
  volumes: ReadonlySet<JsonValue | undefined>,
): readonly string[] {
  const { name, mountPath } = mount;
  return [
    ...Object.keys(mount)
      .filter((field) => !MOUNT_FIELDS.has(field))
      .map((field) => `${place}.${field} is not allowed.`),
    ...(volumes.has(name) ? [] : [`${place}.name must be that of a volume of the template.`]),
    ...(typeof mountPath === "string" && isFreePath(mountPath)
      ? []
      : [`${place}.mountPath must be an absolute path that is not used by the sandbox itself.`]),
  ];
}

function isFreePath(path: string): boolean {
  if (!path.startsWith("/") || path.split("/").includes("..")) return false;
  // `//a/./b/` is `/a/b`.
  const parts = path.split("/").filter((part) => part !== "" && part !== ".");
  const plain = `/${parts.join("/")}`;
  return (
    !TAKEN_PATHS.has(plain) &&
    !CLOSED_FOLDERS.some((closed) => plain === closed || plain.startsWith(`${closed}/`))
  );
}

function isList(value: JsonValue): value is readonly JsonValue[] {
  return Array.isArray(value);
}
