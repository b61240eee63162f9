// Where the reader is, kept in the address behind `#`, so that one static page serves every place.
export type Place =
  | { page: "today" }
  | { page: "events" }
  | { page: "presence" }
  | { page: "guard" }
  | { page: "projects" }
  | { page: "project"; project: string }
  | { page: "trajectory"; person: string; day: string };

function read(): Place {
  const [page = "", rest = "", more = ""] = location.hash.replace(/^#\/?/, "").split("/");
  if (page === "events" || page === "presence" || page === "guard" || page === "projects") return { page };
  if (page === "trajectory") return { page, person: decodeURIComponent(rest), day: decodeURIComponent(more) };
  if (page === "project" && rest) return { page: "project", project: decodeURIComponent(rest) };
  return { page: "today" };
}

let place = $state.raw<Place>(read());
addEventListener("hashchange", () => (place = read()));

export const router = {
  get place(): Place {
    return place;
  },
};

export function addressOf(to: Place): string {
  if (to.page === "today") return "#/";
  if (to.page === "trajectory") return `#/trajectory/${encodeURIComponent(to.person)}/${encodeURIComponent(to.day)}`;
  return to.page === "project" ? `#/project/${encodeURIComponent(to.project)}` : `#/${to.page}`;
}

export function goTo(to: Place): void {
  location.hash = addressOf(to);
}
