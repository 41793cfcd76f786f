import { isTokenProblem, TOKEN_PROBLEMS } from "@/lib/token-problem";
import { signIn } from "./actions";

interface Props {
  searchParams: Promise<Record<string, string | string[] | undefined>>;
}

export default async function SignInPage({ searchParams }: Props) {
  const { back, problem } = await searchParams;
  return (
    <main className="narrow">
      <h1>Sign in</h1>
      <p>
        For development: paste a token of a user, as <code>make run</code> of Almanac prints one.
      </p>
      {isTokenProblem(problem) && (
        <p role="alert" className="banner problem">
          {TOKEN_PROBLEMS[problem]}
        </p>
      )}
      <form action={signIn}>
        <input type="hidden" name="back" value={typeof back === "string" ? back : "/"} />
        <label>
          Token
          <textarea name="token" rows={4} required autoComplete="off" spellCheck={false} />
        </label>
        <button>Sign in</button>
      </form>
    </main>
  );
}
