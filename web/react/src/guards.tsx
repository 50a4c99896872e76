// What is shown to whom (S28). Guards are a kindness to people, and protect nothing: what they hide is in the bundle. The API must check.

import { useEffect, type ComponentType, type ReactElement, type ReactNode } from "react";
import { isIn } from "./hooks.js";
import { useSnapshot } from "./provider.js";

/** What is below the guard. */
export interface GuardProps {
  children?: ReactNode;
}

/** Shows its children to whoever is signed in. */
export function SignedIn({ children }: GuardProps): ReactElement | null {
  return isIn(useSnapshot()) ? <>{children}</> : null;
}

/** Shows its children where nobody is signed in, and not while that is still unknown. */
export function SignedOut({ children }: GuardProps): ReactElement | null {
  return useSnapshot().status === "signedOut" ? <>{children}</> : null;
}

/** What to do for those who are not signed in. */
export interface RequireAuthProps extends GuardProps {
  /** Shown to those, and while nothing is known. */
  fallback?: ReactNode;
  /** Called when it is known that nobody is signed in: the place to send them to the sign-in page and back here. */
  onSignedOut?: () => void;
}

/** Shows its children to whoever is signed in, and `fallback` else. */
export function RequireAuth({ children, fallback = null, onSignedOut }: RequireAuthProps): ReactElement {
  const snapshot = useSnapshot();
  const isOut = snapshot.status === "signedOut";
  useEffect(() => {
    if (isOut) onSignedOut?.();
    // Once for each time, whatever function is passed.
  }, [isOut]);
  return <>{isIn(snapshot) ? children : fallback}</>;
}

/** What a person must be allowed, or be. With both, both. */
export interface CanProps extends GuardProps {
  permission?: string;
  role?: string;
  fallback?: ReactNode;
}

/** Shows its children to whoever has the permission and the role, by what the access token says. */
export function Can({ permission, role, children, fallback = null }: CanProps): ReactElement {
  const snapshot = useSnapshot();
  const { permissions = [], roles = [] } = (isIn(snapshot) && snapshot.user) || {};
  const may = isIn(snapshot) && (!permission || permissions.includes(permission)) && (!role || roles.includes(role));
  return <>{may ? children : fallback}</>;
}

/** `RequireAuth` around a component, for those who come from a tutorial. Use the component where you can. */
export function withAuth<P extends object>(Component: ComponentType<P>, guard: Omit<RequireAuthProps, "children"> = {}): ComponentType<P> {
  const Guarded = (props: P): ReactElement => (
    <RequireAuth {...guard}>
      <Component {...props} />
    </RequireAuth>
  );
  Guarded.displayName = `withAuth(${Component.displayName ?? Component.name})`;
  return Guarded;
}
