// Where the reader is, kept in the address behind `#`, so that one static page serves every place.
import { isPage, type PageName } from "./pages";

export type Place =
  | { page: PageName }
  | { page: "project"; project: string }
  | { page: "trajectory"; person: string; day: string };

function read(): Place {
  const [page = "", rest = "", more = ""] = location.hash.replace(/^#\/?/, "").split("/");
  if (isPage(page)) return { page };
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
