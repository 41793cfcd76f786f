import { redirect } from "next/navigation";
import { CalendarPage } from "@/components/CalendarPage";
import { tokenOf, userOf } from "@/lib/token";
import { tokenProblem } from "@/lib/token-problem";
import { signOut } from "./sign-in/actions";

interface Props {
  searchParams: Promise<Record<string, string | string[] | undefined>>;
}

export default async function Page({ searchParams }: Props) {
  const { calendar, run } = await searchParams;
  const token = await tokenOf();
  if (token === undefined) redirect("/sign-in");
  const problem = tokenProblem(token);
  if (problem !== undefined) redirect(`/sign-in?problem=${problem}`);
  return (
    <main>
      <header>
        <h1>Calendar</h1>
        <form action={signOut}>
          <button className="quiet">Sign out</button>
        </form>
      </header>
      <CalendarPage user={userOf(token)} calendarId={textOf(calendar)} runId={textOf(run)} />
    </main>
  );
}

function textOf(value: string | string[] | undefined): string | undefined {
  return typeof value === "string" && value !== "" ? value : undefined;
}
