"use server";
import { cookies, headers } from "next/headers";
import { redirect } from "next/navigation";
import { TOKEN_COOKIE } from "@/lib/token";

/** For development: takes a token as it is. A real app sets its cookie after its own sign-in. */
export async function signIn(form: FormData): Promise<void> {
  const given = form.get("token");
  const token = typeof given === "string" ? given.trim() : "";
  if (token === "") redirect("/sign-in");
  (await cookies()).set(TOKEN_COOKIE, token, {
    httpOnly: true,
    sameSite: "strict",
    secure: (await headers()).get("x-forwarded-proto") === "https",
    path: "/",
  });
  const back = form.get("back");
  redirect(typeof back === "string" && /^\/(\?|$)/.test(back) ? back : "/");
}

export async function signOut(): Promise<void> {
  (await cookies()).delete(TOKEN_COOKIE);
  redirect("/sign-in");
}
