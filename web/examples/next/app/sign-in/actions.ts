"use server";
import { cookies, headers } from "next/headers";
import { redirect } from "next/navigation";
import { TOKEN_COOKIE } from "@/lib/token";
import { tokenProblem } from "@/lib/token-problem";

/** For development: takes a token as it is. A real app sets its cookie after its own sign-in. */
export async function signIn(form: FormData): Promise<void> {
  const given = form.get("token");
  const token = typeof given === "string" ? given.trim() : "";
  const back = backOf(form.get("back"));
  const problem = tokenProblem(token);
  if (problem !== undefined) redirect(`/sign-in?${new URLSearchParams({ back, problem }).toString()}`);
  (await cookies()).set(TOKEN_COOKIE, token, {
    httpOnly: true,
    sameSite: "strict",
    secure: (await headers()).get("x-forwarded-proto") === "https",
    path: "/",
  });
  redirect(back);
}

/** Only the page of this app: an address of another site would come from a forged link. */
function backOf(given: FormDataEntryValue | null): string {
  return typeof given === "string" && /^\/(\?|$)/.test(given) ? given : "/";
}

export async function signOut(): Promise<void> {
  (await cookies()).delete(TOKEN_COOKIE);
  redirect("/sign-in");
}
